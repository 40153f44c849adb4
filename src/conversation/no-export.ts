import { notInThisMode } from './errors.js';
import { type Exported, OwnerExport } from './owner-export.js';

/** Where nothing is archived as it comes, there is nothing whole to be taken along. */
export class NoExport extends OwnerExport {
  exportAll(): AsyncGenerator<Exported> {
    throw notInThisMode('Exporting everything');
  }
}
