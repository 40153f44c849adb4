/** Acts of one name, one after another in the order in which they came, whatever becomes of those before. */
export class InTurn {
  private readonly last = new Map<string, Promise<void>>();

  async run<T>(name: string, act: () => Promise<T>): Promise<T> {
    const before = this.last.get(name) ?? Promise.resolve();
    const result = before.then(act);
    const over = result.then(
      () => undefined,
      () => undefined,
    );
    this.last.set(name, over);
    try {
      return await result;
    } finally {
      if (this.last.get(name) === over) this.last.delete(name);
    }
  }
}
