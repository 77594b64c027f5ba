import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      '@nexconn/chat': source('./src/index.ts'),
      '@nexconn/engine': source('./src/engine.ts'),
    },
  },
  test: { include: ['test/**/*.test.ts'], testTimeout: 90_000, hookTimeout: 90_000, maxWorkers: 1 },
});
