// Builds dist/: the page with the phones, and the page of one phone.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSite } from '../../scripts/site.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await buildSite(root, ['src/demo.ts', 'src/phone.ts', 'src/demo.css', 'src/phone.css'], ['index.html', 'phone.html']);
