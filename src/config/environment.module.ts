import { type DynamicModule, Module } from '@nestjs/common';
import { Environment } from './environment.js';

/** Makes the validated environment injectable everywhere. */
@Module({})
export class EnvironmentModule {
  static forRoot(environment: Environment): DynamicModule {
    return {
      module: EnvironmentModule,
      global: true,
      providers: [{ provide: Environment, useValue: environment }],
      exports: [Environment],
    };
  }
}
