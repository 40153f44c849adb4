import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const PREFLIGHT_KEPT_SECONDS = 600;

/**
 * Lets pages of these origins call the service; without any there are no CORS headers, and browsers
 * refuse. No cookies: a page sends its token itself, so another page cannot use it.
 */
export function allowOrigins(app: NestFastifyApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'Last-Event-ID',
      'X-Request-Id',
    ],
    exposedHeaders: [
      'ETag',
      'Idempotency-Replayed',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'X-Request-Id',
      'X-Vercel-AI-UI-Message-Stream',
    ],
    maxAge: PREFLIGHT_KEPT_SECONDS,
    // Else an OPTIONS that is no preflight gets a text where a problem is promised.
    strictPreflight: false,
  });
}
