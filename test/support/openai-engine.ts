import { EngineHealth, type HealthOptions } from '../../src/answer/engine-health.js';
import { OpenAiEngine } from '../../src/answer/openai.engine.js';
import { OpenAiServer } from '../../src/answer/openai-server.js';
import type { PaperShelf } from '../../src/answer/papers/paper.js';
import { PaperSearch } from '../../src/answer/papers/paper-search.js';
import { ShippedPapers } from '../../src/answer/papers/shipped-papers.js';
import type { Environment } from '../../src/config/environment.js';

// Read once: an index that is still being made would take its time from short deadlines.
const shipped = new PaperSearch(new ShippedPapers(), Date.now);

/** The engine as the service wires it, without the service. */
export function openAiEngine(
  environment: Environment,
  shelf?: PaperShelf,
  health: Partial<HealthOptions> = {},
): OpenAiEngine {
  const server = new OpenAiServer(environment);
  return new OpenAiEngine(
    environment,
    shelf ? new PaperSearch(shelf, Date.now) : shipped,
    server,
    new EngineHealth({ probe: () => server.probe(), onChange: () => undefined, ...health }),
  );
}
