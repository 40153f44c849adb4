import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../../persistence/database.js';
import { PaperRow } from '../../persistence/paper.entity.js';
import { type Paper, PaperShelf, type PaperStore } from './paper.js';
import { ShippedPapers } from './shipped-papers.js';

/**
 * The shelf in Postgres, with the shipped notes put on it at the first look. Until a first look succeeds
 * the shipped notes answer by themselves, so that no question waits for a database; after that a failure
 * is thrown, and whoever holds an index of the papers keeps it.
 */
@Injectable()
export class StoredPapers extends PaperShelf implements PaperStore {
  private readonly shipped = new ShippedPapers();
  private stocked = false;

  constructor(private readonly database: Database) {
    super();
  }

  async all(): Promise<readonly Paper[]> {
    return this.orShipped(
      () => this.database.read((manager) => manager.find(PaperRow, { order: { id: 'ASC' } })),
      () => this.shipped.all(),
    );
  }

  async version(): Promise<string> {
    return this.orShipped(
      () => this.storedVersion(),
      () => this.shipped.version(),
    );
  }

  /** Adds papers, or replaces those with the same id; no id twice. */
  async put(papers: readonly Paper[]): Promise<{ added: number; updated: number }> {
    return this.database.read((manager) =>
      manager.transaction(async (transaction) => {
        const ids = papers.map((paper) => paper.id);
        const before = await transaction.countBy(PaperRow, { id: In(ids) });
        await transaction.upsert(PaperRow, papers.map(toRow), ['id']);
        return { added: papers.length - before, updated: before };
      }),
    );
  }

  private async orShipped<T>(stored: () => Promise<T>, shipped: () => Promise<T>): Promise<T> {
    try {
      await this.stock();
      return await stored();
    } catch (error) {
      if (this.stocked) throw error;
      return shipped();
    }
  }

  /** Puts the shipped notes on the shelf that it lacks; imported ones stay as they are. */
  private async stock(): Promise<void> {
    if (this.stocked) return;
    const rows = (await this.shipped.all()).map(toRow);
    await this.database.read((manager) =>
      manager.createQueryBuilder().insert().into(PaperRow).values(rows).orIgnore().execute(),
    );
    this.stocked = true;
  }

  private async storedVersion(): Promise<string> {
    const row = await this.database.read((manager) =>
      manager
        .createQueryBuilder(PaperRow, 'paper')
        .select("count(*) || ' ' || coalesce(max(updated_at)::text, '')", 'version')
        .getRawOne<{ version: string }>(),
    );
    return row?.version ?? '';
  }
}

const toRow = (paper: Paper): PaperRow => ({
  ...paper,
  authors: [...paper.authors],
  updatedAt: new Date(),
});
