// Builds dist/, which the server serves at /console/.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSite } from '../../scripts/site.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await buildSite(root, ['src/console.ts', 'src/console.css'], ['index.html']);
