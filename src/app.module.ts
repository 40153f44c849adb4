import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AdminModule } from './admin/admin.module.js';
import { AnalyticsModule } from './analytics/analytics.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ChatModule } from './chat/chat.module.js';
import { EnvironmentModule } from './config/environment.module.js';
import type { Environment } from './config/environment.js';
import { ConversationsModule } from './conversations/conversations.module.js';
import { HealthModule } from './health/health.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ModeModule } from './mode/mode.module.js';
import { PagesModule } from './pages/pages.module.js';

/** The whole service. ModeModule brings SessionModule, PersistenceModule and SyncModule as the mode needs them. */
@Module({})
export class AppModule {
  static forRoot(environment: Environment): DynamicModule {
    return {
      module: AppModule,
      imports: [
        EnvironmentModule.forRoot(environment),
        MetricsModule,
        ScheduleModule.forRoot(),
        LimitsModule.forRoot(environment),
        AuthModule.forRoot(environment),
        ModeModule.forRoot(environment),
        ChatModule,
        ConversationsModule,
        AdminModule,
        AnalyticsModule,
        HealthModule,
        PagesModule,
      ],
    };
  }
}
