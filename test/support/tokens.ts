import { SignJWT } from 'jose';

export const JWT_SECRET = 'a-secret-of-tests-that-has-at-least-32-bytes';

/** Makes a service ask for tokens of `tokenOf`. */
export const JWT_VARIABLES = { AUTH_MODE: 'jwt', JWT_SECRET };

/** A token with these claims, signed with JWT_SECRET, good for an hour. */
export const tokenOf = (sub: string, claims: Record<string, unknown> = {}): Promise<string> =>
  new SignJWT({ sub, exp: inSeconds(3600), ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(JWT_SECRET));

export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

export const bearer = (token: string): { authorization: string } => ({
  authorization: `Bearer ${token}`,
});
