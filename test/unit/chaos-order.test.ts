import { expect, it } from 'vitest';
import { Book } from '../chaos/book.js';
import { InstanceProcess } from '../chaos/instance-process.js';
import { orderOf } from '../chaos/order.js';

const TALK = 'a-conversation';

/** A process that had Redis until `awayMs` on the clock of the run. */
function processWith(name: string, awayMs: number): InstanceProcess {
  const process = new InstanceProcess(name);
  const at = (ms: number) => new Date(performance.timeOrigin + ms).toISOString();
  process.readLine(`{"time":"${at(0)}","msg":"Redis is in use"}`);
  process.readLine(`{"time":"${at(awayMs)}","msg":"Redis is away: a word"}`);
  return process;
}

interface Told {
  readonly question: string;
  readonly by: InstanceProcess;
  readonly durability?: string;
  /** As its client was told; its place in the archive is that in the list. */
  readonly seq: number;
  readonly askedMs: number;
  readonly unheard?: true;
}

/** @param archived in the order of the archive */
function judge(archived: readonly Told[]) {
  const book = new Book();
  for (const { question, by, durability = 'accepted', seq, askedMs, unheard } of archived) {
    const answeredMs = askedMs + 10;
    const status = unheard ? null : 200;
    book.noteAttempt(question, { process: by, sentMs: askedMs, endedMs: answeredMs, status });
    const times = { askedMs, answeredAttemptMs: askedMs, answeredMs };
    const turn = { turnId: question, conversationId: TALK, seq, durability, question, ...times };
    if (!unheard) book.turns.set(question, turn);
  }
  const rows = archived.map(({ question }, index) => ({
    id: question,
    conversation_id: TALK,
    seq: index + 1,
    question,
  }));
  return orderOf([...book.turns.values()], rows, book);
}

const AWAY_MS = 1000;
const one = processWith('one', AWAY_MS);
const other = processWith('other', AWAY_MS);
const around = { question: 'around', by: one, durability: 'committed', seq: 1, askedMs: 2000 };
const OVERTAKING = { reordered: [], overtaking: 1 };

it('counts apart what was written around a Redis that held a turn of another process', () => {
  expect(judge([around, { question: 'held', by: other, seq: 1, askedMs: 500 }])).toEqual(
    OVERTAKING,
  );
});

it('counts apart what passed a turn of its own process behind one of another, heard or not', () => {
  const behind = { question: 'behind', by: one, seq: 2, askedMs: 600 };
  const first = { question: 'first', by: other, seq: 1, askedMs: 500 };
  expect(judge([around, first, behind])).toEqual(OVERTAKING);
  expect(judge([around, { ...first, unheard: true }, behind])).toEqual(OVERTAKING);
});

it('counts apart what passed turns of its own process the first of whose places another had taken', () => {
  const passer = { question: 'passer', by: other, durability: 'committed', seq: 1, askedMs: 1500 };
  const held = { question: 'held', by: one, seq: 1, askedMs: 500 };
  const behind = { question: 'behind', by: one, seq: 2, askedMs: 600 };
  expect(judge([passer, { ...around, seq: 2 }, held, behind])).toEqual({
    reordered: [],
    overtaking: 2,
  });
});

it('counts apart what passed one of its own process behind one that was on its way to either store', () => {
  const behind = { question: 'behind', by: one, seq: 2, askedMs: 600 };
  const both = { question: 'both', by: other, durability: 'committed', seq: 2 };
  const before = judge([around, { ...both, askedMs: 1995 }, behind]);
  expect(before).toEqual({ reordered: [], overtaking: 2 });
  const after = judge([around, { ...both, askedMs: 2005 }, behind]);
  expect(after).toEqual({ reordered: [expect.stringContaining('around')], overtaking: 1 });
});

it.each([
  ['passed one that its own process had accepted', around, { by: one }],
  ['passed a committed one', around, { by: other, durability: 'committed' }],
  ['was accepted itself', { ...around, durability: 'accepted' }, { by: other }],
  ['was written while its process had Redis', { ...around, askedMs: 700 }, { by: other }],
])('says that a turn is out of order that %s', (_, passer, held) => {
  const verdict = judge([passer, { question: 'held', seq: 1, askedMs: 500, ...held }]);
  expect(verdict).toMatchObject({ overtaking: 0, reordered: [expect.stringContaining('around')] });
});
