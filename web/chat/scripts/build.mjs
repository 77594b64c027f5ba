// Builds dist/: bundled ES modules with everything inside but `ws`, and the types of what is public.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
};
// Comments are left out, except those that tell bundlers what they may leave out. Line numbers stay.
const quiet = {
  name: 'without-comments',
  setup: (build) =>
    build.onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replace(/^\s*\/\*[^]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ''));
      return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    }),
};
await build({
  ...common,
  // Not `minifyWhitespace`: it would throw away what tells bundlers which parts may be left out.
  minifySyntax: true,
  minifyIdentifiers: true,
  // Each stands alone: two copies of index.js, such as under `?1` and `?2`, are two engines.
  entryPoints: ['src/index.ts', 'src/engine.ts'],
  outdir: 'dist',
  plugins: [quiet],
});
// The workers stand alone, so that an app can serve them from wherever it likes.
await build({ ...common, minify: true, entryPoints: ['src/worker.ts', 'src/push-worker.ts'], outdir: 'dist' });

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--emitDeclarationOnly'], { cwd: root, stdio: 'inherit' });

// Declarations of the inside would make apps install what only the inside needs.
const reached = new Set();
const walk = (file) => {
  if (reached.has(file)) return;
  if (!existsSync(file)) throw new Error(`${file} is imported by a public declaration and is not there`);
  reached.add(file);
  const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  for (const [, from] of code.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
    if (!from.startsWith('.')) throw new Error(`${file} needs the types of ${from}`);
    walk(resolve(dirname(file), from.replace(/\.js$/, '.d.ts')));
  }
};
walk(join(dist, 'index.d.ts'));
walk(join(dist, 'engine.d.ts'));
for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const file = join(dist, name);
  if (name.endsWith('.d.ts') && !reached.has(file)) rmSync(file);
}
