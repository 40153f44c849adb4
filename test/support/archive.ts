import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { afterAll } from 'vitest';
import { Environment } from '../../src/config/environment.js';
import type { Turn } from '../../src/conversation/turn.js';
import { Archive } from '../../src/persistence/archive.js';
import { dataSourceOptions } from '../../src/persistence/data-source.js';
import { Database } from '../../src/persistence/database.js';

/** The archive as the service uses it, on this database. */
export async function openArchive(url: string): Promise<Archive> {
  Logger.overrideLogger(false);
  const environment = new Environment({ DATABASE_URL: url });
  const database = new Database(new DataSource(dataSourceOptions(url)), environment);
  await database.onApplicationBootstrap();
  afterAll(() => database.onApplicationShutdown());
  return new Archive(database);
}

export const batchOf = (
  conversationId: string,
  turns: readonly Turn[],
  owner: string | null = null,
) => ({ conversationId, owner, createdAt: turns[0]?.createdAt ?? Date.now(), turns });
