import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import * as source from '../src/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const zipped = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

describe('the generated code', () => {
  it('is what the .proto files make', () => {
    execFileSync(process.execPath, [join(root, 'scripts/generate.mjs'), '--check'], { stdio: 'pipe' });
  });
});

describe('dist', () => {
  it('is at most 64 KB zipped in an app that uses all of it, with protobuf; so is the worker', async () => {
    const contents = "export * from './index.js';";
    const app = await build({ stdin: { contents, resolveDir: dist }, bundle: true, write: false, minify: true, format: 'esm', logLevel: 'silent' });
    expect(zipped(app.outputFiles[0]!.contents)).toBeLessThan(64 * 1024);
    expect(zipped(readFileSync(join(dist, 'worker.js')))).toBeLessThan(64 * 1024);
  });

  it('loads in Node as it is and exports what the source does', async () => {
    const script = `import(${JSON.stringify(pathToFileURL(join(dist, 'index.js')).href)}).then((m) => console.log(JSON.stringify(Object.keys(m))))`;
    const names = JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })) as string[];
    expect(names.sort()).toEqual(Object.keys(source).sort());
  });

  it('is a whole: two copies are two engines', () => {
    const url = JSON.stringify(pathToFileURL(join(dist, 'index.js')).href);
    const script = `Promise.all([import(${url}+'?1'), import(${url}+'?2')]).then(([a, b]) => {
      a.NCEngine.initialize({ appKey: 'one' });
      console.log(b.__install__({ tag: 't', verify: () => true, setup: (context) => context.getAppkey() }, {}) === '');
    })`;
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }).trim()).toBe('true');
  });

  it('needs no package but ws, which bundlers for browsers do not see', async () => {
    const result = await build({ entryPoints: [join(dist, 'index.js')], bundle: true, write: false, format: 'esm', platform: 'browser', metafile: true, logLevel: 'silent' });
    expect(result.warnings).toEqual([]);
    expect(Object.keys(result.metafile.inputs).filter((name) => name.includes('node_modules'))).toEqual([]);
    expect(Object.values(result.metafile.inputs).flatMap((input) => input.imports.filter((one) => one.external))).toEqual([]);
  });

  it('leaves out what a program does not use', async () => {
    const contents = "import { NCResult } from './index.js'; console.log(NCResult.ok(1).isOk);";
    const result = await build({ stdin: { contents, resolveDir: dist }, bundle: true, write: false, minify: true, format: 'esm', logLevel: 'silent' });
    expect(result.outputFiles[0]!.contents.length).toBeLessThan(8_000);
  });

  it('says `any` nowhere in its types', () => {
    const types = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'));
    expect(types.length).toBeGreaterThan(10);
    for (const name of types) {
      const code = readFileSync(join(dist, name), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '');
      expect(code.match(/\bany\b/g), name).toBeNull();
    }
  });
});
