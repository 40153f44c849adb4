import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { ARCHIVING } from '../auth/mode.guard.js';
import { Environment } from '../config/environment.js';

export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
  readonly etag: string;
}

// The repository's root is two folders up from src/pages and three from dist/src/pages.
const PLACES = ['../../pages/', '../../../pages/'];

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * All that the pages are made of, read once: what is served is what was there at the start, and a name that is not
 * in this list reaches no file. Some 300 KB, most of it the chart library.
 */
@Injectable()
export class PageFiles {
  private readonly files = new Map<string, PageFile>();

  constructor(environment: Environment) {
    const folder = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(
      (place) => existsSync(place),
    );
    if (folder === undefined) throw new Error('pages/ is missing from this installation');
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const type = TYPES[extname(name)];
      if (type === undefined) continue;
      this.add(name.replaceAll(sep, '/'), type, readFileSync(join(folder, name)));
    }
    // One file without imports: a browser cannot find a package by its name.
    const chartJs = dirname(createRequire(import.meta.url).resolve('chart.js'));
    this.add('shared/chart.js', TYPES['.js']!, readFileSync(join(chartJs, 'chart.umd.min.js')));
    const settings = JSON.stringify(settingsOf(environment));
    this.add('shared/settings.json', 'application/json; charset=utf-8', settings);
  }

  get(path: string): PageFile | undefined {
    return this.files.get(path);
  }

  private add(path: string, type: string, text: string | Buffer): void {
    const content = Buffer.from(text);
    const digest = createHash('sha256').update(content).digest('base64url');
    this.files.set(path, { type, content, etag: `"${digest}"` });
  }
}

/** What a page has to know before it asks for anything; whoever asks the API learns as much from its refusals. */
const settingsOf = ({ jwt, adminToken, historyMode, ...environment }: Environment) => ({
  auth: jwt ? 'jwt' : 'none',
  history_mode: historyMode,
  // Of nobody's conversations, none is anybody's own; and what is sealed cannot be looked into.
  has_search:
    jwt !== null && ARCHIVING.includes(historyMode) && environment.encryptionKeys.length === 0,
  docs: environment.docs,
  topics: environment.analyticsTopics,
  has_admins: jwt !== null || adminToken !== undefined,
  open_metrics: adminToken === undefined,
});
