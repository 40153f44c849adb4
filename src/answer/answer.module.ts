import { Logger, Module } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { Metrics } from '../metrics/metrics.js';
import { AnswerEngine } from './answer-engine.js';
import { EngineHealth } from './engine-health.js';
import { ExtractiveEngine } from './extractive.engine.js';
import { OpenAiEngine } from './openai.engine.js';
import { OpenAiServer } from './openai-server.js';
import { PaperShelf } from './papers/paper.js';
import { PaperSearch } from './papers/paper-search.js';

/** Provides the AnswerEngine that the environment names; the papers come from the mode's PaperShelf. */
@Module({
  providers: [
    {
      provide: PaperSearch,
      inject: [PaperShelf],
      useFactory: (shelf: PaperShelf) => new PaperSearch(shelf, Date.now),
    },
    {
      provide: AnswerEngine,
      inject: [Environment, PaperSearch, Metrics],
      useFactory: (
        environment: Environment,
        papers: PaperSearch,
        metrics: Metrics,
      ): AnswerEngine =>
        environment.answerEngine === 'openai'
          ? openAiEngine(environment, papers, metrics)
          : new ExtractiveEngine(papers),
    },
  ],
  exports: [AnswerEngine],
})
export class AnswerModule {}

function openAiEngine(
  environment: Environment,
  papers: PaperSearch,
  metrics: Metrics,
): AnswerEngine {
  const logger = new Logger(OpenAiEngine.name);
  const server = new OpenAiServer(environment);
  const health = new EngineHealth({
    probe: () => server.probe(),
    onChange: (isAway) => {
      metrics.answerEngineAway.set(isAway ? 1 : 0);
      if (isAway) logger.warn('The answer engine fails; questions are refused until it is back.');
      else logger.log('The answer engine is there again.');
    },
  });
  return new OpenAiEngine(environment, papers, server, health);
}
