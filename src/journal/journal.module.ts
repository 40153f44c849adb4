import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { RedisModule } from '../redis/redis.module.js';
import { RedisJournal } from './redis.journal.js';

@Module({
  imports: [RedisModule, CryptoModule],
  providers: [RedisJournal],
  exports: [RedisJournal],
})
export class JournalModule {}
