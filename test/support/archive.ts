import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { afterAll } from 'vitest';
import { Environment } from '../../src/config/environment.js';
import type { StoredTurn } from '../../src/conversation/stored-turn.js';
import { Archive } from '../../src/persistence/archive.js';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { Database } from '../../src/persistence/database.js';

/** The archive as the service uses it, on this database. */
export const openArchive = async (url: string): Promise<Archive> =>
  new Archive(await openDatabase(url));

export async function openDatabase(url: string): Promise<Database> {
  Logger.overrideLogger(false);
  const environment = new Environment({ DATABASE_URL: url });
  const database = new Database(new DataSource(dataSourceOptions(url)), environment);
  await database.onApplicationBootstrap();
  afterAll(() => database.onApplicationShutdown());
  return database;
}

/** What goes with turns that no key has sealed. */
export const UNSEALED = { keyring: '', title: null };

export const batchOf = (
  conversationId: string,
  turns: readonly StoredTurn[],
  owner: string | null = null,
) => ({
  conversationId,
  owner,
  createdAt: turns[0]?.createdAt ?? Date.now(),
  turns,
  ...UNSEALED,
});
