import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Sdk from '../src/index.js';
import { FakeServer, wireMessage } from './support/server.js';
import { until } from './support/sdk.js';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const browserPath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);

const PAGE = `<!doctype html><title>test</title>
<script type="module">import * as sdk from '/index.js'; window.heard = []; window.sdk = sdk;</script>`;

/** What the page keeps for the test. */
declare const window: { sdk: typeof Sdk; heard: string[] };

describe.skipIf(browserPath === undefined)('in a real browser', () => {
  let site: Server;
  let origin: string;
  let browser: Browser;
  let server: FakeServer;

  beforeAll(async () => {
    site = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname;
      const type = extname(path) === '.js' ? 'text/javascript' : 'text/html';
      const file = path === '/' ? Promise.resolve(PAGE) : readFile(join(dist, path));
      file.then(
        (body) => response.writeHead(200, { 'content-type': type }).end(body),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    server = await FakeServer.start();
    browser = await chromium.launch({ executablePath: browserPath as string, args: ['--no-sandbox'] });
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
    await new Promise((resolve) => site.close(resolve));
  });

  /** A tab with the SDK loaded and `connect` called; waits for its answer unless the server is away. */
  async function open(page: Page, token: string, wait = true): Promise<void> {
    await page.goto(origin);
    await page.waitForFunction(() => window.sdk !== undefined);
    await page.evaluate(
      async ([naviServer, login, waits]) => {
        const { sdk } = window;
        sdk.NCEngine.initialize({ appKey: 'app', naviServer, reconnect: { initialDelayMs: 50, maxDelayMs: 100 } });
        sdk.NCEngine.addMessageHandler('test', new sdk.MessageHandler({
          onMessageReceived: ({ messages }) => window.heard.push(...messages.map((message) => message.content.text as string)),
        }));
        const connecting = sdk.NCEngine.connect({ token: login });
        if (waits) await connecting;
      },
      [server.url, token, wait] as const,
    );
  }

  const heard = (page: Page): Promise<string[]> => page.evaluate(() => window.heard);
  const list = (page: Page): Promise<unknown[]> =>
    page.evaluate(async () => {
      const result = await window.sdk.BaseChannel.createChannelsQuery({ pageSize: 30 }).loadNextPage();
      return result.data?.data.map((channel) => [channel.channelId, channel.unreadCount]) ?? [result.code];
    });

  it('two tabs share one connection through a shared worker, and a closed tab is noticed', async () => {
    const context = await browser.newContext();
    const [first, second] = [await context.newPage(), await context.newPage()];
    await open(first, 'alice:1');
    await open(second, 'alice:1');
    expect(server.peers).toHaveLength(1);
    server.append({ case: 'message', value: wireMessage('m1', 'bob', 'both') });
    await expect.poll(() => heard(first)).toEqual(['both']);
    await expect.poll(() => heard(second)).toEqual(['both']);
    await first.close();
    server.append({ case: 'message', value: wireMessage('m2', 'bob', 'one') });
    await expect.poll(() => heard(second)).toEqual(['both', 'one']);
    await second.close();
    await until(() => server.peers.every((peer) => peer.socket.readyState === peer.socket.CLOSED));
    await context.close();
  });

  it('after a reload without a server, the list and the history are there', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await open(page, 'carol:1');
    server.append({ case: 'message', value: wireMessage('m3', 'bob', 'kept') });
    await expect.poll(() => heard(page)).toEqual(['kept']);
    const before = await list(page);
    await server.stop();
    await open(page, 'carol:1', false);
    await expect.poll(() => list(page)).toEqual(before);
    const texts = await page.evaluate(async () => {
      const channelIdentifier = new window.sdk.DirectChannel('bob').identifier;
      const result = await window.sdk.BaseChannel.createMessagesQuery({ channelIdentifier }).loadNextPage();
      return result.data?.data.map((message) => message.content.text as string);
    });
    expect(texts).toContain('kept');
    await context.close();
  });
});
