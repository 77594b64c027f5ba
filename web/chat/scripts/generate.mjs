// Makes src/gen from the server's .proto files. `--check` only says whether src/gen is what they would make.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const buf = require.resolve('@bufbuild/buf/bin/buf');
const plugin = join(dirname(require.resolve('@bufbuild/protoc-gen-es/package.json')), 'bin/protoc-gen-es');
const wanted = join(root, 'src/gen');

/** Makes the files in a folder. */
function generate(out) {
  const template = JSON.stringify({
    version: 'v2',
    plugins: [{ local: [process.execPath, plugin], out, opt: ['target=ts', 'import_extension=js'] }],
  });
  const proto = join(root, '../../crates/protocol/proto');
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
  execFileSync(process.execPath, [buf, 'generate', proto, '--template', template], { cwd: root, env, stdio: 'inherit' });
}

/** The files under a folder with their texts. */
function read(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return JSON.stringify(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

if (process.argv.includes('--check')) {
  const made = mkdtempSync(join(tmpdir(), 'nuncio-gen-'));
  try {
    generate(made);
    if (read(made) !== read(wanted)) {
      console.error('web/chat/src/gen is not what the .proto files make: run `npm run generate` in web/chat');
      process.exitCode = 1;
    }
  } finally {
    rmSync(made, { recursive: true });
  }
} else {
  rmSync(wanted, { recursive: true, force: true });
  generate(wanted);
}
