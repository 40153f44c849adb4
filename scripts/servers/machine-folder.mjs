import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NAME_LENGTH = 12;

/** The checkout that this file belongs to. */
export const PROJECT_FOLDER = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Where root keeps what the servers' account cannot reach inside the checkout, one folder for each checkout. */
export const MACHINE_FOLDER = join(
  '/var/lib/openta-conversations',
  createHash('sha256').update(PROJECT_FOLDER).digest('hex').slice(0, NAME_LENGTH),
);
