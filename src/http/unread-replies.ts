import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';

/** Cuts off clients that do not read: an export in mid-page would wait for them for ever. */
@Injectable()
export class UnreadReplies {
  /** Whoever reads at all, however slowly, is waited for. */
  readsWithinMs = 30_000;

  /** From now on this reply is broken off when its client takes nothing of it for so long. */
  watch(reply: ServerResponse): void {
    reply.setTimeout(this.readsWithinMs, () => reply.destroy());
  }
}
