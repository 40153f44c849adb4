import { Module } from '@nestjs/common';
import { AdminController } from './admin.controller.js';
import { DeadLettersController } from './dead-letters.controller.js';
import { MetricsController } from './metrics.controller.js';

@Module({ controllers: [AdminController, DeadLettersController, MetricsController] })
export class AdminModule {}
