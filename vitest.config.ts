import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          setupFiles: ['test/setup.ts'],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'compat',
          include: ['compat-tests/**/*.test.ts'],
          globalSetup: ['compat-tests/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // They start brokers and clients that fill the machine: one file at a time.
          fileParallelism: false,
        },
      },
    ],
  },
})
