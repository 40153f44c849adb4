import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { AnalyticsController } from './analytics.controller.js';

@Module({ imports: [CryptoModule], controllers: [AnalyticsController] })
export class AnalyticsModule {}
