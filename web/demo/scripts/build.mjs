// Builds dist/: two pages, their scripts and style sheets under names that change with their contents.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/demo.ts', 'src/phone.ts', 'src/demo.css', 'src/phone.css'],
  outdir: 'dist/assets',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // The page does without Lit's warnings for developers.
  conditions: ['production'],
});

const assets = new Map(
  Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) => (entryPoint ? [[basename(entryPoint), `assets/${basename(path)}`]] : [])),
);
for (const page of ['index.html', 'phone.html']) {
  const html = readFileSync(join(root, 'src', page), 'utf8').replace(/\{(\w+\.\w+)\}/g, (_, name) => {
    const asset = assets.get(name.replace('.js', '.ts'));
    if (asset === undefined) throw new Error(`${page} asks for ${name}, which is not built`);
    return asset;
  });
  writeFileSync(join(dist, page), html);
}
