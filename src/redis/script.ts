import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A Lua script with the digest that Redis knows it by. */
export class Script {
  readonly sha: string;

  constructor(readonly source: string) {
    this.sha = createHash('sha1').update(source).digest('hex');
  }

  /** @param prelude code of common use; it goes behind the shebang, which has to stay the first line. */
  static load(file: URL, prelude = ''): Script {
    const source = readFileSync(file, 'utf8');
    const body = source.indexOf('\n') + 1;
    return new Script(source.slice(0, body) + prelude + source.slice(body));
  }
}
