import { Module } from '@nestjs/common';
import { Environment } from '../config/environment.js';
import { AnswerEngine } from './answer-engine.js';
import { ExtractiveEngine } from './extractive.engine.js';
import { OpenAiEngine } from './openai.engine.js';
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
      inject: [Environment, PaperSearch],
      useFactory: (environment: Environment, papers: PaperSearch): AnswerEngine =>
        environment.answerEngine === 'openai'
          ? new OpenAiEngine(environment, papers)
          : new ExtractiveEngine(papers),
    },
  ],
  exports: [AnswerEngine],
})
export class AnswerModule {}
