import { Module } from '@nestjs/common';
import { AdminController } from './admin.controller.js';
import { MetricsController } from './metrics.controller.js';

@Module({ controllers: [AdminController, MetricsController] })
export class AdminModule {}
