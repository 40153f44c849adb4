import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { freePort } from '../../scripts/servers/ports.mjs';
import { noteForCleanup } from '../../scripts/servers/server-process.mjs';
import { untilLive } from '../../scripts/servers/service.mjs';
import { InstanceProcess } from './instance-process.js';

const LIVE_WITHIN_MS = 60_000;
// On top of the ten seconds that the service grants itself.
const STOPPED_WITHIN_MS = 15_000;

export interface InstanceOptions {
  readonly main: string;
  readonly environment: Record<string, string>;
  readonly logFile: string;
  /** It ended though nobody asked it to, or did not end as it should. */
  readonly complain: (what: string) => void;
}

/** One instance of the built service, on a port that it keeps. */
export class Instance {
  isUp = false;
  private child: ChildProcess | undefined;
  private exited: Promise<number | null> = Promise.resolve(null);
  private isAskedToEnd = false;
  private started = 0;
  private latest: InstanceProcess;

  private constructor(
    readonly name: string,
    private readonly port: number,
    private readonly options: InstanceOptions,
  ) {
    this.latest = new InstanceProcess(name);
  }

  static async create(name: string, options: InstanceOptions): Promise<Instance> {
    return new Instance(name, await freePort(), options);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The process that takes requests now, or took them last. */
  get process(): InstanceProcess {
    return this.latest;
  }

  async start(): Promise<void> {
    const { main, environment, logFile } = this.options;
    const { PATH, TMPDIR } = process.env;
    this.isAskedToEnd = false;
    const child = spawn(process.execPath, [main], {
      env: {
        ...(PATH && { PATH }),
        ...(TMPDIR && { TMPDIR }),
        ...environment,
        PORT: String(this.port),
      },
      // Ctrl-C is for the run, which then ends its instances in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.pipe(createWriteStream(logFile, { flags: 'a' }));
    }
    this.child = child;
    this.latest = new InstanceProcess(`${this.name}, process ${++this.started}`);
    this.latest.readLog(child.stdout);
    this.exited = new Promise((resolve) => child.once('close', (code) => resolve(code)));
    noteForCleanup(child.pid!, main, this.exited);
    void this.exited.then((code) => {
      this.isUp = false;
      if (!this.isAskedToEnd) this.options.complain(`${this.name} ended by itself with ${code}`);
    });
    const patience = AbortSignal.timeout(LIVE_WITHIN_MS);
    await Promise.race([untilLive(this.url, patience), this.exited]);
    this.isUp = child.exitCode === null && child.signalCode === null;
  }

  async kill(): Promise<void> {
    this.isAskedToEnd = true;
    this.isUp = false;
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  /** As an orchestrator stops it: it has to finish its turns and exit with 0 in time. */
  async terminate(): Promise<void> {
    this.isAskedToEnd = true;
    this.isUp = false;
    this.child?.kill('SIGTERM');
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), STOPPED_WITHIN_MS);
    const code = await this.exited;
    clearTimeout(timer);
    if (code !== 0) this.options.complain(`${this.name} ended with ${code} after SIGTERM`);
  }
}
