/**
 * The real server, a page with the Chat UI, and Chromium.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type * as Chat from '@nuncio/chat';
import { browserPath, launchBrowser } from '../../../chat/test/support/browser.js';
import type { ServerApi } from '../../../chat/test/support/nuncio.js';
import { Nuncio, binary } from '../../../chat/test/support/nuncio.js';
import type * as ChatUi from '../../src/index.js';

declare global {
  interface Window {
    chat: typeof Chat;
    chatui: typeof ChatUi;
    hacked?: boolean;
  }
}

/** Whether there is what these tests need. */
export const ready = browserPath !== undefined && binary !== undefined;

const test = dirname(dirname(fileURLToPath(import.meta.url)));
const CONTENT = `<!doctype html><html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Chat</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/theme.css"><link rel="stylesheet" href="/page.css">
<body><script type="module" src="/page.js"></script></body></html>`;
const STYLE = 'html, body { height: 100%; }';
/** As strict as the server's own pages are. */
const POLICY = "default-src 'self'; connect-src *; img-src * data: blob:; object-src 'none'; base-uri 'none'";

/** Everything that a test needs. */
export class World {
  readonly nuncio = new Nuncio();
  #browser!: Browser;
  #site!: Server;
  /** What pages printed as errors, and what the policy forbade. */
  readonly complaints: string[] = [];
  /** The hosts that pages asked for something. */
  readonly hosts = new Set<string>();

  async start(): Promise<void> {
    const bundle = await build({
      entryPoints: [`${test}/page/main.ts`],
      bundle: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      logLevel: 'warning',
    });
    const { themeSheet } = (await import('../../src/theme.js'));
    const files: Record<string, [string, string]> = {
      '/': ['text/html', CONTENT],
      '/page.js': ['text/javascript', bundle.outputFiles[0]?.text ?? ''],
      '/theme.css': ['text/css', themeSheet()],
      '/page.css': ['text/css', STYLE],
      '/push-worker.js': ['text/javascript', await readFile(`${test}/../../chat/dist/push-worker.js`, 'utf8')],
    };
    this.#site = createServer((request, response) => {
      const file = files[new URL(request.url ?? '/', 'http://site').pathname];
      if (file === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': file[0], 'content-security-policy': POLICY }).end(file[1]);
    });
    await new Promise<void>((resolve) => this.#site.listen(0, '127.0.0.1', resolve));
    await this.nuncio.start();
    this.#browser = await launchBrowser();
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    await this.nuncio.end();
    await new Promise((resolve) => this.#site?.close(resolve));
  }

  /** A browser of its own in which a user is signed in. */
  async open(user: string, options: BrowserContextOptions = {}, query: Record<string, string> = {}, app: ServerApi = this.nuncio): Promise<Page> {
    const token = await app.token(user);
    const context = await this.#browser.newContext({ viewport: { width: 1100, height: 760 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('request', (request) => this.hosts.add(new URL(request.url()).hostname));
    const { port } = this.#site.address() as AddressInfo;
    const search = new URLSearchParams({ server: app.url, key: app.appKey, token, user, ...query });
    await page.goto(`http://127.0.0.1:${port}/?${search}`);
    await page.waitForFunction(() => window.chat?.NCEngine.getConnectionStatus() === window.chat.ConnectionStatus.CONNECTED);
    return page;
  }
}

/** Opens the conversation with a user from the list's form. */
export async function writeTo(page: Page, user: string): Promise<void> {
  await page.getByLabel('Write to a user id').fill(user);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await page.getByLabel('Write a message').waitFor();
}

/** Writes a message into the open conversation. */
export async function say(page: Page, line: string): Promise<void> {
  await page.getByLabel('Write a message').fill(line);
  await page.getByLabel('Write a message').press('Enter');
}
