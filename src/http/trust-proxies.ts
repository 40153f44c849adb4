type TrustProxy = (address: string, hop: number) => boolean;

/**
 * Fastify's option for whose X-Forwarded-For is believed. A bare number of hops it takes for nobody by now, as
 * it cannot tell a proxy from a caller who comes past it: whoever configures hops lets nobody past.
 */
export function trustProxies(trusted: number | readonly string[] | null): {
  trustProxy?: string[] | TrustProxy;
} {
  if (trusted === null) return {};
  if (typeof trusted !== 'number') return { trustProxy: [...trusted] };
  return { trustProxy: (_address, hop) => hop < trusted };
}
