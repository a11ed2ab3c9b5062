import { resolve } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

const threads = 'test/**/*.threads.test.ts';
const simulated = 'test/exec/sim/**/*.test.ts';

/** In the simulation each access to shared words is a scheduling point: another module does them. */
const schedulingPoints = {
  name: 'scheduling points',
  enforce: 'pre' as const,
  resolveId(path: string, importer: string | undefined): string | undefined {
    if (!path.endsWith('/shared.ts') || importer === undefined) return undefined;
    const wanted = resolve(importer, '..', path);
    return wanted === resolve('src/hw/shared.ts') ? resolve('src/exec/sim/shared.ts') : undefined;
  },
};

export default defineConfig({
  test: {
    // Here and not inherited by the projects, which would run it once more each.
    globalSetup: 'test/setup.ts',
    // The main process has little to do while a test runs: of two cores none is left idle for it.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          pool: 'forks',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, threads, simulated],
          testTimeout: 300_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [schedulingPoints],
        test: {
          name: 'sim',
          pool: 'forks',
          include: [simulated],
          testTimeout: 300_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Tests that start threads want the cores for themselves: one file at a time, after the others.
        test: {
          name: 'threads',
          pool: 'forks',
          include: [threads],
          fileParallelism: false,
          testTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
