import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { LessThan } from 'typeorm';
import { Environment } from '../config/environment.js';
import { type Claim, type ClaimOutcome, Claims, type PlannedTurn } from '../conversation/claims.js';
import {
  conversationNotFound,
  idempotencyInProgress,
  idempotencyKeyReused,
} from '../conversation/errors.js';
import type { IdempotencyMark } from '../conversation/turn.js';
import { ConversationMessage } from './conversation-message.entity.js';
import { Database } from './database.js';
import { DeadLetter } from './dead-letter.entity.js';
import { IdempotencyClaim } from './idempotency-claim.entity.js';

interface ClaimRow {
  readonly same_body: boolean;
  readonly conversation_id: string;
  readonly turn_id: string;
  readonly answered: boolean;
  readonly state: 'taken' | 'resumed' | 'held';
}

// A second's work at most.
const FORGET_BATCH = 10_000;

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Claims in Postgres: for `database` mode, and for `hybrid` while Redis is away. */
@Injectable()
export class DatabaseClaims extends Claims {
  private readonly logger = new Logger(DatabaseClaims.name);

  constructor(
    private readonly database: Database,
    private readonly environment: Environment,
  ) {
    super();
  }

  async take(mark: IdempotencyMark, planned: PlannedTurn): Promise<Claim> {
    const kept = (await this.find(mark)) ?? (await this.findRefused(planned));
    if (kept) return { state: 'answered', ...kept };
    const { lapseMs, keepMs } = this.environment.claimTimes;
    const row = await this.database.transaction(async (client) => {
      // Takes the key, goes on in a dead claimant's place, or finds it held: the row lock lets one decide.
      const { rows } = await client.query<ClaimRow>(
        `with taken as (
           insert into idempotency_claims as c (key, body, conversation_id, turn_id, lapses_at, expires_at)
           values ($1, $2, $3, $4, now() + $5 * interval '1 ms', now() + $6 * interval '1 ms')
               on conflict (key) do update
                  set lapses_at = excluded.lapses_at, body = excluded.body, answered = false,
                      conversation_id = case when c.expires_at > now() then c.conversation_id
                                             else excluded.conversation_id end,
                      turn_id = case when c.expires_at > now() then c.turn_id else excluded.turn_id end,
                      expires_at = greatest(c.expires_at, excluded.expires_at)
                where c.expires_at <= now()
                   or (not c.answered and c.lapses_at <= now() and c.body = excluded.body)
           returning c.*, xmax = 0 as is_new
         )
         select body = $2 as same_body, conversation_id, turn_id, answered,
                case when is_new then 'taken' else 'resumed' end as state
           from taken
         union all
         select body = $2, conversation_id, turn_id, answered, 'held'
           from idempotency_claims
          where key = $1 and not exists (select from taken)`,
        [
          bytes(mark.key),
          bytes(mark.body),
          planned.conversationId,
          planned.turnId,
          lapseMs,
          keepMs,
        ],
      );
      return rows[0];
    });
    // Another claimant's row that this statement's snapshot did not show yet.
    if (!row) throw idempotencyInProgress();
    if (!row.same_body) throw idempotencyKeyReused();
    const { conversation_id: conversationId, turn_id: turnId, state } = row;
    if (state !== 'held') return { state, conversationId, turnId };
    if (!row.answered) throw idempotencyInProgress();
    return { state: 'answered', conversationId, turnId };
  }

  /** The archived turn that bears this key. @throws ServiceError idempotency_key_reused. */
  async find(mark: IdempotencyMark): Promise<PlannedTurn | null> {
    const row = await this.database.read((manager) =>
      manager.findOne(ConversationMessage, {
        select: { id: true, conversationId: true, idempotencyBody: true },
        where: { idempotencyKey: bytes(mark.key) },
      }),
    );
    if (!row) return null;
    if (!row.idempotencyBody?.equals(bytes(mark.body))) throw idempotencyKeyReused();
    return { conversationId: row.conversationId, turnId: row.id };
  }

  /**
   * Whether Postgres has anything of this key: a turn that bears it, a dead letter that has the turn id planned for it,
   * or a claim from when Redis was away.
   * @throws ServiceError conversation_not_found when its conversation is erased: a retry must not bring that back.
   */
  async knows(mark: IdempotencyMark, { conversationId, turnId }: PlannedTurn): Promise<boolean> {
    const [row] = await this.database.read((manager) =>
      manager.query<{ known: boolean; erased: boolean }[]>(
        `select exists (select from conversation_messages where idempotency_key = $1)
             or exists (select from idempotency_claims where key = $1 and expires_at > now())
             or exists (select from dead_letters where turn_id = $2) as known,
                exists (select from conversation_sessions
                         where conversation_id = $3 and erased_at is not null) as erased`,
        [bytes(mark.key), turnId, conversationId],
      ),
    );
    if (row!.erased) throw conversationNotFound();
    return row!.known;
  }

  async end(mark: IdempotencyMark, planned: PlannedTurn, outcome: ClaimOutcome): Promise<void> {
    const claim = { key: bytes(mark.key), turnId: planned.turnId };
    await this.database.read(async (manager) => {
      // A claimant that was given up for dead may be late: what another has answered stays so.
      const open = { ...claim, answered: false };
      if (outcome === 'failed') await manager.delete(IdempotencyClaim, open);
      else if (outcome === 'answered')
        await manager.update(IdempotencyClaim, claim, { answered: true });
      else await manager.update(IdempotencyClaim, open, { lapsesAt: new Date(0) });
    });
  }

  /** The ids of a turn follow from its key and body, so it is known by them also where nothing else is left of the key. */
  private findRefused({ turnId }: PlannedTurn): Promise<PlannedTurn | null> {
    return this.database.read((manager) =>
      manager.findOne(DeadLetter, {
        select: { turnId: true, conversationId: true },
        where: { turnId },
      }),
    );
  }

  /** Forgets the keys that are older than they are kept. Whatever is left of a batch is the next hour's. */
  @Cron(CronExpression.EVERY_HOUR, { waitForCompletion: true })
  async forgetExpired(): Promise<void> {
    if (this.database.breaker.isOpen) return;
    const before = new Date(Date.now() - this.environment.claimTimes.keepMs);
    await this.database
      .read(async (manager) => {
        await manager.delete(IdempotencyClaim, { expiresAt: LessThan(new Date()) });
        await manager.query(
          `update conversation_messages set idempotency_key = null, idempotency_body = null
            where id in (select id from conversation_messages
                          where idempotency_key is not null and "timestamp" < $1
                          limit $2 for update skip locked)`,
          [before, FORGET_BATCH],
        );
      })
      .catch(() =>
        this.logger.warn('old idempotency keys could not be forgotten; the next hour tries again'),
      );
  }
}
