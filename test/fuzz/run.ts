import fc from 'fast-check';
import { MemoryCurve } from './memory.js';
import { type Fuzzed, fuzzed } from './requests.js';
import type { OpenApiDocument } from '../support/contract.js';
import { Sender } from './send.js';
import type { Stage } from './stage.js';
import { describeFuzzed, faultOf, isUnavailable } from './verdict.js';

const AT_ONCE = 16;
const MEMORY_SAMPLES = 100;
const FINDINGS_KEPT = 20;

export interface RunOptions {
  readonly seed: number;
  readonly requests: number;
  readonly adminToken: string;
}

/** One run: sends all requests, several at once, and keeps what it finds. */
export class Run {
  sent = 0;
  serverErrors = 0;
  /** Replies that say that a store is away: no fault where it was, as far as the service could see. */
  unavailable = 0;
  readonly findings: string[] = [];
  readonly statuses = new Map<number, number>();
  readonly memory: MemoryCurve;
  private readonly startedMs = performance.now();

  constructor(
    readonly options: RunOptions,
    private readonly stage: Stage,
    readonly crashes: readonly string[],
    private readonly stop: AbortSignal,
  ) {
    this.memory = new MemoryCurve(options.requests);
  }

  async perform(): Promise<void> {
    const { seed, requests, adminToken } = this.options;
    const document = JSON.parse(await this.stage.read('/docs-json')) as OpenApiDocument;
    const sender = new Sender(this.stage.service.url);
    const some = fc.array(fuzzed(document, adminToken), { minLength: AT_ONCE, maxLength: AT_ONCE });
    const property = fc.asyncProperty(some, async (batch) => {
      if (this.stop.aborted || this.crashes.length > 0) throw new Error('the run is over');
      await Promise.all(batch.map((each) => this.sendOne(sender, each)));
      await this.lookAtMemory();
    });
    // Findings are kept, not thrown: one must not hide the others.
    await fc.check(property, { seed, numRuns: Math.ceil(requests / AT_ONCE), endOnFailure: true });
    sender.close();
    if (!this.stop.aborted) await this.lookAtTheEnd();
  }

  /** How far it is, in one line. */
  progress(): string {
    const { requests } = this.options;
    const seconds = (performance.now() - this.startedMs) / 1000;
    const left = ((seconds * (requests - this.sent)) / Math.max(1, this.sent)).toFixed(0);
    return (
      `${seconds.toFixed(0)} s: ${this.sent} of ${requests} requests, ${this.serverErrors} 5xx, ` +
      `${this.findings.length} findings, ${left} s left`
    );
  }

  private async sendOne(sender: Sender, request: Fuzzed): Promise<void> {
    const outcome = await sender.send(request);
    this.sent++;
    const status = outcome === 'cut' ? 0 : outcome.status;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (status >= 500 && !isUnavailable(outcome)) this.serverErrors++;
    if (isUnavailable(outcome)) this.unavailable++;
    const fault = faultOf(request, outcome);
    if (fault !== null) this.find(`${fault} for ${describeFuzzed(request)}`);
  }

  private async lookAtMemory(): Promise<void> {
    const every = Math.max(AT_ONCE, Math.floor(this.options.requests / MEMORY_SAMPLES));
    if (this.sent % every >= AT_ONCE || this.crashes.length > 0) return;
    this.memory.note(this.sent, await this.stage.read('/metrics'));
  }

  /** The service still works, its stores agree, it has met nothing unforeseen, and it ends as it should. */
  private async lookAtTheEnd(): Promise<void> {
    for (const crash of this.crashes) this.find(crash);
    if (this.crashes.length > 0) return;
    if (this.memory.hasGrown) this.find('the memory of the service has grown');
    const { violations } = JSON.parse(await this.stage.read('/admin/verify')) as {
      violations: { invariant: string; detail: string }[];
    };
    for (const { invariant, detail } of violations) this.find(`violated: ${invariant}: ${detail}`);
    await this.stage.service.terminate();
    for (const crash of this.crashes) this.find(crash);
    const log = await this.stage.log();
    if (log.includes('a request failed')) this.find('an error in the log');
    if (this.unavailable > 0 && !/(Redis|Postgres) is away/.test(log)) {
      this.find(`${this.unavailable} times a store was said to be away, and was not`);
    }
  }

  private find(what: string): void {
    if (this.findings.length < FINDINGS_KEPT) this.findings.push(what);
  }
}
