import { defineConfig } from 'vitest/config';

const common = {
  globalSetup: 'test/support/global-setup.ts',
  setupFiles: ['reflect-metadata'],
  // Real servers: starting one takes longer than a test usually may.
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'service',
          include: ['test/**/*.test.ts'],
          exclude: ['test/faults/**'],
          // Each file starts servers of its own; two at a time fill two cores.
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...common,
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          // A store that is silent for half a second is taken for broken. So that only those are that a test breaks, no
          // other test takes the machine for so long.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
