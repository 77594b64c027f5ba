import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { programFor } from './support/contract.js';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../dist');
const expected = { chat: join(here, 'contract/chat.d.ts'), engine: join(here, 'contract/engine.d.ts') };
/** Where the generated programs seem to be. */
const generated = (name: string): string => join(here, 'programs', `generated-${name}.ts`);

const programs = new Map(
  Object.entries(expected).map(([name, path]) => {
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
    return [generated(name), programFor(file, `@nexconn/${name}`)];
  }),
);
const parsed = new Map<string, ts.SourceFile>();

/** What the compiler has to say about programs whose imports lead to these declarations. */
function complaints(files: string[], paths: { chat: string; engine: string }, options: ts.CompilerOptions): string[] {
  const all: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    ...options,
    paths: { '@nexconn/chat': [paths.chat], '@nexconn/engine': [paths.engine] },
  };
  const host = ts.createCompilerHost(all);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (name) => programs.get(name) ?? readFile(name);
  host.fileExists = (name) => programs.has(name) || fileExists(name);
  host.getSourceFile = (name, ...rest) => {
    const text = programs.get(name);
    const key = `${name} ${all.module}`;
    const file = parsed.get(key) ?? (text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, ts.ScriptTarget.ES2022));
    if (file !== undefined) parsed.set(key, file);
    return file;
  };
  const program = ts.createProgram(files, all, host);
  return ts.getPreEmitDiagnostics(program).map((one) => {
    const line = one.file?.text.slice(0, one.start).split('\n').length ?? 0;
    const source = one.file?.text.split('\n')[line - 1]?.trim() ?? '';
    return `${one.file?.fileName.replace(here, '') ?? ''}:${line} ${ts.flattenDiagnosticMessageText(one.messageText, ' ')}: ${source}`;
  });
}

const ours = { chat: join(dist, 'index.d.ts'), engine: join(dist, 'engine.d.ts') };
const alike = { chat: ours.chat, engine: ours.chat };
const program = (name: string): string => join(here, 'programs', `${name}.ts`);
const written = ['chatui', 'conversation', 'members', 'users', 'workspace'].map(program);
const node16 = { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 };
const exact = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true };
const old = { target: ts.ScriptTarget.ES2019, lib: ['lib.es2020.d.ts', 'lib.dom.d.ts'], moduleResolution: ts.ModuleResolutionKind.Node10 };
const lit = { experimentalDecorators: true, useDefineForClassFields: false, isolatedModules: true };

describe('a program that uses all that programs may rely on, each in its declared type', () => {
  it('is one', () => {
    for (const text of programs.values()) expect(text.split('\n').length).toBeGreaterThan(20);
    expect(programs.get(generated('chat'))).toContain("deleteMessagesForMeByTimestamp(p)");
    expect(complaints([...programs.keys()], expected, {})).toEqual([]);
  });

  it.each([
    ['as bundlers see it', ours, {}],
    ['with exact optional members', ours, exact],
    ['as Node sees it', ours, node16],
    ['as Node sees it, with exact optional members', ours, { ...node16, ...exact }],
    ['in an app with decorators', ours, lit],
    ['with an older language and resolution', ours, old],
    ['with one entry under both names', alike, exact],
  ])('compiles against ours %s', (_, paths, options) => {
    expect(complaints([...programs.keys()], paths, options)).toEqual([]);
  });

  it('does not compile against what lacks a member', () => {
    const text = readFileSync(expected.chat, 'utf8').replace('wipe<R = any>(): NCResult<R>;', '');
    const lacking = join(here, 'contract/lacking.d.ts');
    programs.set(lacking, text);
    const found = complaints([generated('chat')], { ...expected, chat: lacking }, {});
    programs.delete(lacking);
    expect(found.filter((one) => one.includes("'wipe'"))).not.toEqual([]);
  });
});

describe('programs as people write them', () => {
  it.each([
    ['as bundlers see it', ours, {}],
    ['without checks of indexed access', ours, { noUncheckedIndexedAccess: false, exactOptionalPropertyTypes: true }],
    ['with exact optional members', ours, exact],
    ['as Node sees it', ours, { ...node16, noUncheckedIndexedAccess: true }],
    ['in an app with decorators', alike, lit],
  ])('compile %s', (_, paths, options) => {
    expect(complaints(written, paths, { noUnusedLocals: true, ...options })).toEqual([]);
  });

  it('use nothing but what programs may rely on', () => {
    expect(complaints([program('chatui'), program('workspace')], expected, exact)).toEqual([]);
  });
});
