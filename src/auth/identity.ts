import type { JWTPayload } from 'jose';
import { isStorableText } from '../conversation/text.js';

/** Whom a verified token speaks of. */
export interface Identity {
  readonly userId: string;
  readonly isAdmin: boolean;
}

const MAX_USER_ID_CHARACTERS = 255;
// Supabase signs tokens for these roles with the keys of users; the first one is public.
const NO_USERS = new Set<unknown>(['anon', 'service_role']);
const ADMIN = 'admin';

/** The identity that the claims of a verified token give; else the name of the claim that is in the way. */
export function readIdentity(claims: JWTPayload): Identity | 'sub' | 'role' {
  const { sub, scope } = claims;
  if (typeof sub !== 'string' || !isUserId(sub)) return 'sub';
  const roles = texts(claims['roles']);
  if ([...texts(claims['role']), ...roles].some((role) => NO_USERS.has(role))) return 'role';
  const scopes = typeof scope === 'string' ? scope.split(' ') : [];
  return { userId: sub, isAdmin: scopes.includes(ADMIN) || roles.includes(ADMIN) };
}

function isUserId(sub: string): boolean {
  // A character is one or two code units.
  if (sub === '' || sub.length > MAX_USER_ID_CHARACTERS * 2 || !isStorableText(sub)) return false;
  return Array.from(sub).length <= MAX_USER_ID_CHARACTERS;
}

const texts = (claim: unknown): unknown[] => (Array.isArray(claim) ? claim : [claim]);
