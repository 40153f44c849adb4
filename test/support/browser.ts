import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { findChromium, HOW_TO_GET_CHROMIUM } from '../../scripts/setup/chromium-package.mjs';

// A browser on a busy machine: a limit on what hangs, not on what is slow.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });
const PATIENCE_MS = 20_000;
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 780 };

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
}

export interface VisitOptions extends BrowserContextOptions {
  /** What the browser may say of a network that a test breaks. */
  readonly tolerates?: RegExp;
}

export interface Browser {
  /** Opens an address as somebody who has never been there. */
  visit(url: string, options?: VisitOptions): Promise<Visit>;
}

/**
 * A headless Chromium of the calling test file's own. Each test fails, at its end, over whatever a page has written
 * into the console as an error, has thrown, or has asked of another host.
 */
export function openBrowser(): Browser {
  const opened = beforeOnce(async () => {
    const executablePath = findChromium();
    if (executablePath === undefined) throw new Error(HOW_TO_GET_CHROMIUM);
    return chromium.launch({ executablePath });
  });
  const contexts: BrowserContext[] = [];
  let complaints: string[] = [];
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    const said = complaints;
    complaints = [];
    expect(said).toEqual([]);
  });
  afterAll(async () => (await opened()).close());
  return {
    visit: async (url, { tolerates, ...options } = {}) => {
      const browser = await opened();
      const context = await browser.newContext({ viewport: DESKTOP, ...options });
      contexts.push(context);
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      page.on('console', (message) => {
        const isComplaint = message.type() === 'error' || message.type() === 'warning';
        if (isComplaint && !tolerates?.test(message.text())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error.stack)));
      page.on('request', (request) => {
        if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(request.url());
      });
      await page.goto(url);
      return { page, context };
    },
  };
}

function beforeOnce<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  const once = () => (made ??= make());
  beforeAll(async () => void (await once()));
  return once;
}

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly {
    readonly target: readonly string[];
    readonly failureSummary: string;
  }[];
}

/** What axe finds that is serious or critical, a line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // Its script is put in as a debugger would: the page's policy lets no other in.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const violations = await page.evaluate(
    async () => (await (globalThis as unknown as { axe: Axe }).axe.run()).violations,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}

interface Axe {
  run(): Promise<{ violations: readonly Finding[] }>;
}
