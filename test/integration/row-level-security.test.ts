import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/persistence/migrate.js';
import { batchOf, openArchive } from '../support/archive.js';
import { tablesOf } from '../support/archive-contents.js';
import { exposed } from '../support/exposure.js';
import { createEmptyDatabase } from '../support/stores.js';
import { someTurns } from '../support/turns.js';

// Supabase's public roles, and its habit of giving them all rights to everything new.
const SUPABASE = `
  do $$ declare name text; begin
    foreach name in array array['anon', 'authenticated'] loop
      begin execute format('create role %I nologin', name); exception when duplicate_object then null; end;
    end loop;
  end $$;
  alter default privileges in schema public grant all on tables to anon, authenticated;
  alter default privileges in schema public grant all on sequences to anon, authenticated;
  alter default privileges in schema public grant all on functions to anon, authenticated;
  grant usage on schema public to anon, authenticated`;

const database = await createEmptyDatabase();

beforeAll(async () => {
  await database.query(SUPABASE);
  await migrate(database.url);
});

async function attempt(role: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    await client.query(`set role ${role}`);
    return await client.query(sql).catch((error: unknown) => error);
  } finally {
    await client.end();
  }
}

describe('on Supabase', () => {
  it('every table has row level security, forced on its owner too', async () => {
    const rows = await database.query<{ name: string; guarded: boolean }>(
      `select relname as name, relrowsecurity and relforcerowsecurity as guarded
         from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
        order by 1`,
    );
    expect(rows).toEqual(
      (await tablesOf(database)).map((table) => ({ name: table, guarded: true })),
    );
    expect(rows.length).toBeGreaterThanOrEqual(4);
  });

  it.each(['anon', 'authenticated'])('the role %s can do nothing with any table', async (role) => {
    for (const table of await tablesOf(database)) {
      for (const sql of [
        `select * from "${table}"`,
        `select count(*) from "${table}"`,
        `insert into "${table}" default values`,
        `update "${table}" set ctid = ctid`,
        `delete from "${table}"`,
        `truncate "${table}" cascade`,
      ]) {
        expect(await attempt(role, sql), `${role}: ${sql}`).toMatchObject({
          code: expect.any(String),
        });
      }
      expect(await attempt(role, `select * from "${table}"`)).toMatchObject({ code: '42501' });
      expect(await attempt(role, `truncate "${table}" cascade`)).toMatchObject({ code: '42501' });
    }
  });

  it('nothing is left to a public role, be it a table, a view, a sequence or a function', async () => {
    expect(await exposed(database)).toEqual([]);
  });

  it.each([
    ['a table', 'create table forgotten (id bigserial primary key)', 'drop table forgotten'],
    [
      'a table whose security does not bind its owner',
      `create table forgotten (id int); revoke all on forgotten from anon, authenticated;
       alter table forgotten enable row level security`,
      'drop table forgotten',
    ],
    [
      // It is read with the rights of its owner.
      'a view of the turns',
      'create view forgotten as select question from conversation_messages',
      'drop view forgotten',
    ],
    ['a sequence', 'create sequence forgotten', 'drop sequence forgotten'],
    [
      'a function',
      `create function forgotten() returns bigint language sql security definer
       as 'select count(*) from conversation_messages'`,
      'drop function forgotten',
    ],
    [
      'a policy for everybody',
      'create policy forgotten on papers using (true)',
      'drop policy forgotten on papers',
    ],
    [
      'a column',
      'grant select (question) on conversation_messages to anon',
      'revoke select (question) on conversation_messages from anon',
    ],
    [
      'a schema of its own',
      'create schema other; create table other.forgotten (id int)',
      'drop schema other cascade',
    ],
  ])('%s that a later migration leaves open is found', async (_, leave, mend) => {
    await database.query(leave);
    try {
      expect(await exposed(database)).not.toEqual([]);
    } finally {
      await database.query(mend);
    }
  });
});

it('an owner that is no superuser can still keep turns under the forced security', async () => {
  const owner = `owner_${randomUUID().replaceAll('-', '')}`;
  const own = await createEmptyDatabase();
  const ownName = new URL(own.url).pathname.slice(1);
  await own.query(`create role ${owner} login password '${owner}'`);
  await own.query(`alter database ${ownName} owner to ${owner}`);
  await own.query(`alter schema public owner to ${owner}`);
  const url = new URL(own.url);
  url.username = owner;
  url.password = owner;

  await migrate(url.href);
  const archive = await openArchive(url.href);
  const [id, turns] = [randomUUID(), someTurns(2)];
  await archive.commit([batchOf(id, turns)]);
  expect((await archive.tail(id, null, 10))!.turns).toHaveLength(2);
});
