import { InvalidEnvironment, type Variables } from './variables.js';

/** Where the keys of one kind of token come from. */
export interface KeyServerSettings {
  readonly url: string;
  /** What its tokens must name as their issuer; undefined: any. */
  readonly issuer: string | undefined;
}

/** How callers prove who they are, in `AUTH_MODE=jwt`. */
export interface JwtSettings {
  /** For HS256 alone. */
  readonly secret: { readonly value: string; readonly issuer: string | undefined } | undefined;
  /** For ES256 and RS256 alone. */
  readonly keyServer: KeyServerSettings | undefined;
  readonly audience: string | undefined;
}

// As many bytes as HS256's digest has: RFC 7518 asks for no less.
const MIN_SECRET_BYTES = 32;
const MIN_ADMIN_TOKEN_CHARACTERS = 16;

const SUPABASE_AUTH = 'auth/v1';
const SUPABASE_KEYS = `${SUPABASE_AUTH}/.well-known/jwks.json`;

/** null: `AUTH_MODE=none`, callers have no identity. @throws InvalidEnvironment. */
export function readJwtSettings(variables: Variables, production: boolean): JwtSettings | null {
  // Without this word a deployment that forgot its tokens would serve everybody's conversations.
  if (production && variables.text('AUTH_MODE') === undefined) {
    throw new InvalidEnvironment('AUTH_MODE', 'nothing', 'jwt or none, said explicitly');
  }
  const mode = variables.oneOf('AUTH_MODE', ['none', 'jwt'], 'none');
  const secret = readSecret(variables, production);
  const keyServer = readKeyServer(variables, production);
  const audience = variables.text('JWT_AUDIENCE');
  if (mode === 'none') return null;
  if (!secret && !keyServer) {
    const takes = 'a secret, or set JWKS_URL or SUPABASE_URL, where the keys of tokens are found';
    throw new InvalidEnvironment('JWT_SECRET', 'nothing', takes);
  }
  return { secret, keyServer, audience };
}

export function readAdminToken(variables: Variables, production: boolean): string | undefined {
  const token = variables.secret('ADMIN_TOKEN', MIN_ADMIN_TOKEN_CHARACTERS);
  return refuseExample('ADMIN_TOKEN', token, production);
}

function readSecret(variables: Variables, production: boolean): JwtSettings['secret'] {
  const own = readSecretOf('JWT_SECRET', variables, production);
  const supabase = readSecretOf('SUPABASE_JWT_SECRET', variables, production);
  if (own !== undefined && supabase !== undefined && own !== supabase) {
    throw new InvalidEnvironment('SUPABASE_JWT_SECRET', 'a second secret', 'what JWT_SECRET has');
  }
  const value = own ?? supabase;
  return value === undefined ? undefined : { value, issuer: variables.text('JWT_ISSUER') };
}

function readSecretOf(name: string, variables: Variables, production: boolean): string | undefined {
  const secret = variables.secret(name, 0);
  if (secret !== undefined && Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    const got = `${Buffer.byteLength(secret)} bytes`;
    throw new InvalidEnvironment(name, got, `at least ${MIN_SECRET_BYTES} bytes`);
  }
  return refuseExample(name, secret, production);
}

function readKeyServer(variables: Variables, production: boolean): JwtSettings['keyServer'] {
  const issuer = variables.text('JWT_ISSUER');
  const url = readHttps('JWKS_URL', variables, production);
  const supabase = readHttps('SUPABASE_URL', variables, production)?.replace(/\/+$/, '');
  if (url !== undefined) return { url, issuer };
  if (supabase === undefined) return undefined;
  return {
    url: `${supabase}/${SUPABASE_KEYS}`,
    issuer: issuer ?? `${supabase}/${SUPABASE_AUTH}`,
  };
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whoever can change what a key server answers can be anybody: in production only TLS may carry it. */
function readHttps(name: string, variables: Variables, production: boolean): string | undefined {
  const text = variables.url(name, ['https:', 'http:']);
  if (text === undefined) return undefined;
  const { protocol, hostname, username, password } = new URL(text);
  if (production && protocol === 'http:' && !LOOPBACK.has(hostname)) {
    throw new InvalidEnvironment(name, 'http://', 'https:// in production');
  }
  if (username !== '' || password !== '') {
    throw new InvalidEnvironment(name, 'a user in it', 'an address without user and password');
  }
  return text;
}

// What examples, tutorials and Supabase's local stack ship: everybody knows these.
const EXAMPLES = [
  /super-secret-jwt-token/i,
  /^change.?(me|this|it)/i,
  /^(your|my|example|secret|password|admin|test|insecure)[-_ ]/i,
  // One character, or a few, over and over.
  /^(.{1,4}?)\1+$/s,
];

function refuseExample(
  name: string,
  secret: string | undefined,
  production: boolean,
): string | undefined {
  if (production && secret !== undefined && EXAMPLES.some((example) => example.test(secret))) {
    const takes = 'one of your own in production, such as: openssl rand -base64 48';
    throw new InvalidEnvironment(name, 'an example', takes);
  }
  return secret;
}
