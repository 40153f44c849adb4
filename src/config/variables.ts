/** A setting that is missing or wrong. Its message is the one line that the operator sees at the start. */
export class InvalidEnvironment extends Error {
  constructor(name: string, got: string, takes: string) {
    super(`${name}: got ${got}, takes ${takes}`);
    this.name = 'InvalidEnvironment';
  }
}

export type RawEnvironment = Readonly<Record<string, unknown>>;

/** Reads typed values out of environment variables. An empty variable counts as absent. */
export class Variables {
  constructor(private readonly raw: RawEnvironment) {}

  text(name: string): string | undefined {
    const value = this.raw[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  }

  integer(name: string, range: { default: number; min: number; max: number }): number {
    const text = this.text(name);
    if (text === undefined) return range.default;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= range.min && value <= range.max) return value;
    const takes = `a whole number from ${range.min} to ${range.max}`;
    throw new InvalidEnvironment(name, `"${text}"`, takes);
  }

  boolean(name: string, fallback: boolean): boolean {
    return this.oneOf(name, ['true', 'false'], fallback ? 'true' : 'false') === 'true';
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = values.find((candidate) => candidate === text);
    if (value !== undefined) return value;
    throw new InvalidEnvironment(name, `"${text}"`, values.join(', '));
  }

  /** The value stays out of the message: addresses carry passwords. */
  url(name: string, protocols: readonly string[]): string | undefined {
    const text = this.text(name);
    if (text === undefined || isAddress(text, protocols)) return text;
    throw new InvalidEnvironment(name, 'something else', `an address ${beginning(protocols)}`);
  }

  /** Between commas. */
  urls(name: string, protocols: readonly string[]): string[] {
    const urls = (this.text(name) ?? '').split(',').map((each) => each.trim());
    return urls.filter(Boolean).map((url) => {
      if (isAddress(url, protocols)) return url;
      const takes = `addresses between commas, each ${beginning(protocols)}`;
      throw new InvalidEnvironment(name, 'something else', takes);
    });
  }

  /** Origins as a browser sends them, between commas. No `*`: whoever meant everybody has to name them. */
  origins(name: string): string[] {
    const origins = (this.text(name) ?? '').split(',').map((each) => each.trim());
    return origins.filter(Boolean).map((origin) => {
      const url = URL.canParse(origin) ? new URL(origin) : null;
      const isExact = url?.origin === origin && !origin.includes('*');
      if (isExact && /^https?:$/.test(url.protocol)) return origin;
      const takes = 'exact origins between commas, such as https://app.example.org';
      throw new InvalidEnvironment(name, 'something else', takes);
    });
  }

  secret(name: string, minLength: number): string | undefined {
    const text = this.text(name);
    if (text === undefined || text.length >= minLength) return text;
    throw new InvalidEnvironment(
      name,
      `${text.length} characters`,
      `at least ${minLength} characters`,
    );
  }
}

/** A stray `%` in a password would stop the drivers later, and with less to say. */
function isAddress(text: string, protocols: readonly string[]): boolean {
  try {
    return protocols.includes(new URL(text).protocol) && decodeURIComponent(text) !== '';
  } catch {
    return false;
  }
}

const beginning = (protocols: readonly string[]): string =>
  `that begins with ${protocols.map((each) => `${each}//`).join(' or ')}`;
