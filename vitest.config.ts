import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    setupFiles: ['reflect-metadata'],
    // Real servers: starting one takes longer than a test usually may.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file starts servers of its own; two at a time fill two cores.
    maxWorkers: 2,
  },
});
