import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Environment } from '../config/environment.js';
import { AccessGuard } from './access.guard.js';
import { FailedLogins } from './failed-logins.js';
import { KeyServer } from './key-server.js';
import { TokenVerifier } from './token.verifier.js';

/** Puts the AccessGuard before every route of the service. */
@Module({})
export class AuthModule {
  static forRoot({ jwt }: Environment): DynamicModule {
    const keyServer = jwt?.keyServer ? new KeyServer(jwt.keyServer.url) : null;
    return {
      module: AuthModule,
      providers: [
        { provide: KeyServer, useValue: keyServer },
        { provide: TokenVerifier, useValue: new TokenVerifier(jwt, keyServer) },
        FailedLogins,
        { provide: APP_GUARD, useClass: AccessGuard },
      ],
    };
  }
}
