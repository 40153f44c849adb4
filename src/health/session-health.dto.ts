import { ApiProperty } from '@nestjs/swagger';

export class LastSweep {
  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty()
  conversations: number;

  @ApiProperty()
  turns: number;

  @ApiProperty()
  failed: number;
}

export class SessionHealth {
  @ApiProperty({ enum: ['healthy', 'degraded'] })
  status: 'healthy' | 'degraded';

  @ApiProperty()
  redis_healthy: boolean;

  @ApiProperty()
  database_healthy: boolean;

  @ApiProperty()
  active_sessions: number;

  @ApiProperty()
  dirty_conversations: number;

  @ApiProperty()
  oldest_unsynced_seconds: number;

  @ApiProperty({ type: LastSweep, nullable: true })
  last_sweep: LastSweep | null;
}
