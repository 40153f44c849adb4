/** What `within` gives when nothing came in time. */
export const LATE = Symbol('late');

/** Waits so long and no longer; the work goes on. An outcome that came while this process was busy is in time. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    // What has arrived meanwhile is read before the immediate.
    timer = setTimeout(() => setImmediate(resolve, LATE), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
