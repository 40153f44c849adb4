import { bearer, tokenOf } from '../../support/tokens.js';
import { ADMIN_TOKEN, type Servers } from './servers.js';

const SAMPLE = 200;
const TIMES_COUNTED = 9;

export interface Request {
  readonly path: string;
  readonly headers: Record<string, string>;
}

/** Requests of one kind, each to be sent once. */
export interface Kind {
  readonly name: string;
  readonly paths: readonly Request[];
}

interface Sampled {
  readonly owner: string;
  readonly id: string;
  readonly question: string;
}

/** What users and operators ask for, of users and conversations that are taken from everywhere. */
export async function kindsOf(servers: Servers, isSealed: boolean): Promise<Kind[]> {
  const sampled = await servers.query<Sampled>(
    `select s.user_id as owner, s.conversation_id as id, m.question
       from (select * from conversation_sessions order by md5(conversation_id) limit ${SAMPLE}) s
       join conversation_messages m using (conversation_id)
      where m.seq = 1`,
  );
  const asOwner = async (name: string, pathOf: (sample: Sampled) => string): Promise<Kind> => ({
    name,
    paths: await Promise.all(
      sampled.map(async (sample) => ({
        path: pathOf(sample),
        headers: bearer(await tokenOf(sample.owner)),
      })),
    ),
  });
  const list = await asOwner('list', () => '/conversations?limit=20');
  return [
    list,
    { name: 'list, second page', paths: await secondPages(servers, list.paths) },
    await asOwner('turns', ({ id }) => `/conversations/${id}/turns?limit=50`),
    ...(isSealed
      ? []
      : [
          await asOwner('search, a question', ({ question }) => searchFor(question)),
          await asOwner('search, one word', ({ question }) => searchFor(longestWordOf(question))),
        ]),
    ...figures(isSealed),
  ];
}

async function secondPages(servers: Servers, firstPages: readonly Request[]): Promise<Request[]> {
  const pages: Request[] = [];
  for (const { path, headers } of firstPages) {
    const { next_cursor: next } = JSON.parse(await servers.get(path, headers)) as {
      next_cursor: string | null;
    };
    if (next) pages.push({ path: `${path}&cursor=${next}`, headers });
  }
  return pages;
}

const searchFor = (words: string) => `/conversations/search?q=${encodeURIComponent(words)}`;

const longestWordOf = (question: string) =>
  question.split(/[^\p{L}]+/u).toSorted((one, other) => other.length - one.length)[0]!;

function figures(isSealed: boolean): Kind[] {
  const headers = bearer(ADMIN_TOKEN);
  const names = [
    ...['hour', 'day', 'week', 'hour_of_week'].map((bucket) => `usage?bucket=${bucket}`),
    'topics?by=sources',
    ...(isSealed ? ['topics?by=keywords'] : []),
    'retention',
  ];
  return names.map((name) => ({
    name,
    paths: Array.from({ length: TIMES_COUNTED }, () => ({ path: `/analytics/${name}`, headers })),
  }));
}
