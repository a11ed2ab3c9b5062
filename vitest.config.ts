import { configDefaults, defineConfig } from 'vitest/config';

const threads = 'test/**/*.threads.test.ts';

export default defineConfig({
  test: {
    // Here and not inherited by the projects, which would run it once more each.
    globalSetup: 'test/setup.ts',
    projects: [
      {
        test: {
          name: 'unit',
          pool: 'forks',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, threads],
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
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
