// Builds a folder of pages that the server carries: scripts and style sheets under names that change with their
// contents, and the HTML that names them.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Builds `root`'s `dist/` of the entry points, which `{name.js}` and `{name.css}` in its pages stand for. */
export async function buildSite(root, entryPoints, pages) {
  const dist = join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
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
    // Pages do without Lit's warnings for developers.
    conditions: ['production'],
  });
  const assets = new Map(
    Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) => (entryPoint ? [[basename(entryPoint), `assets/${basename(path)}`]] : [])),
  );
  for (const page of pages) {
    const html = readFileSync(join(root, 'src', page), 'utf8').replace(/\{(\w+\.\w+)\}/g, (_, name) => {
      const asset = assets.get(name.replace('.js', '.ts'));
      if (asset === undefined) throw new Error(`${page} asks for ${name}, which is not built`);
      return asset;
    });
    writeFileSync(join(dist, page), html);
  }
}
