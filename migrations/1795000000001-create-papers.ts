import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTables } from './protect-tables.js';

/** The paper notes that answers are made from. */
export class CreatePapers1795000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table papers (
        id text primary key,
        title text not null,
        authors text[] not null,
        year integer not null,
        url text not null,
        "text" text not null,
        updated_at timestamptz not null default now()
      )`);
    await protectTables(runner, ['papers']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table papers');
  }
}
