import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { OwnerExport } from '../../src/conversation/owner-export.js';
import { UnreadReplies } from '../../src/http/unread-replies.js';
import { eventually } from '../support/eventually.js';
import { takeAll } from '../support/export.js';
import { startService } from '../support/service.js';
import { createDatabase } from '../support/stores.js';
import { bearer, JWT_VARIABLES, tokenOf } from '../support/tokens.js';

// Much more than all buffers between the service and its client hold.
const TURNS = 400;
const CHARACTERS = 100_000;

const database = await createDatabase();
const variables = { HISTORY_MODE: 'database', DATABASE_URL: database.url, ...JWT_VARIABLES };
const service = await startService(variables);
const headers = bearer(await tokenOf('ada'));

async function fill(): Promise<void> {
  const id = randomUUID();
  await database.query(
    `insert into conversation_sessions (conversation_id, user_id, turn_count) values ($1, 'ada', $2)`,
    [id, TURNS],
  );
  await database.query(
    `insert into conversation_messages (conversation_id, seq, question, answer)
     select $1, seq, 'Why?', repeat('x', $3) from generate_series(1, $2) as seq`,
    [id, TURNS, CHARACTERS],
  );
}

/** Asks for everything, and reads nothing after the first packet. */
async function deafClient() {
  const { host, hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  socket.write(
    `GET /me/export HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${headers.authorization}\r\n\r\n`,
  );
  await once(socket, 'data');
  return socket.pause();
}

/** Counts the exports that have begun and those that have given back all they held. */
function watchExports(): { begun: number; ended: number } {
  const counts = { begun: 0, ended: 0 };
  const own = service.app.get(OwnerExport);
  const exportAll = own.exportAll.bind(own);
  own.exportAll = async function* (owner) {
    counts.begun++;
    try {
      yield* exportAll(owner);
    } finally {
      counts.ended++;
    }
  };
  return counts;
}

const openConnections = async () =>
  new Promise<number>((resolve, reject) => {
    service.app
      .getHttpServer()
      .getConnections((error: Error | null, count: number) =>
        error ? reject(error) : resolve(count),
      );
  });

const busyBackends = () =>
  database.query(
    `select pid from pg_stat_activity
      where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()`,
  );

it('breaks off an export that nobody reads, and holds nothing for it', async () => {
  await fill();
  const exports = watchExports();
  const limits = service.app.get(UnreadReplies);
  const ordinaryMs = limits.readsWithinMs;
  limits.readsWithinMs = 300;
  const deaf = await Promise.all(Array.from({ length: 5 }, deafClient));
  await eventually(async () => {
    expect(exports).toEqual({ begun: 5, ended: 5 });
    expect(await openConnections()).toBe(0);
    expect(await busyBackends()).toEqual([]);
  });
  for (const socket of deaf) socket.destroy();

  limits.readsWithinMs = ordinaryMs;
  const [conversation] = await takeAll(service, headers);
  expect(conversation?.turns).toHaveLength(TURNS);
});
