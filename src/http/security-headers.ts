import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const NOTHING = ["'none'"];

/**
 * Headers on every reply, errors included. A reply is data for a program: no browser may
 * run, frame, guess or keep it. No Strict-Transport-Security: the service speaks plain HTTP, and whether
 * all of a domain is behind TLS is known to whoever ends the TLS in front of it.
 */
export function secureReplies(app: NestFastifyApplication): void {
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: NOTHING,
        baseUri: NOTHING,
        formAction: NOTHING,
        frameAncestors: NOTHING,
      },
    },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: false,
    // For plug-ins and browsers that are no more.
    xDownloadOptions: false,
    xDnsPrefetchControl: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    originAgentCluster: false,
  });
}
