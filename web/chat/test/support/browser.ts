/**
 * A real browser, and pages in it that have the built SDK.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import type * as Sdk from '../../src/index.js';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** The browser to test in, if there is one. */
export const browserPath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);

/** Starts it, without what it would ask the world outside. */
export function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath: browserPath as string, args });
}

/** What a page keeps for the test. */
export interface Kept {
  sdk: typeof Sdk;
  /** Texts of messages in the order in which they were heard; edits begin with `*`. */
  heard: string[];
  /** Statuses, with their codes. */
  statuses: string[];
}

/** A page's window. */
declare const window: Kept;

const PAGE = `<!doctype html><title>test</title>
<script type="module">import * as sdk from '/index.js'; Object.assign(window, { sdk, heard: [], statuses: [] });</script>`;

/** See the module. */
export class TestBrowser {
  private constructor(
    private readonly site: Server,
    readonly browser: Browser,
  ) {}

  static async start(): Promise<TestBrowser> {
    const site = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://x').pathname;
      const type = extname(path) === '.js' ? 'text/javascript' : 'text/html';
      const file = path === '/' ? Promise.resolve(PAGE) : readFile(join(dist, path));
      file.then(
        (body) => response.writeHead(200, { 'content-type': type }).end(body),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const browser = await launchBrowser();
    return new TestBrowser(site, browser);
  }

  /** A profile of its own, with storage of its own. */
  profile(): Promise<BrowserContext> {
    return this.browser.newContext();
  }

  /** Loads the SDK into a tab, listens and logs in; waits for the answer unless the server is away. */
  async open(page: Page, server: { url: string; appKey: string }, token: string, wait = true): Promise<void> {
    await page.goto(`http://127.0.0.1:${(this.site.address() as AddressInfo).port}`);
    await page.waitForFunction(() => window.sdk !== undefined);
    await page.evaluate(
      async ([naviServer, appKey, login, waits]) => {
        const { sdk, heard, statuses } = window;
        sdk.NCEngine.initialize({ appKey, naviServer, reconnect: { initialDelayMs: 50, maxDelayMs: 500 } });
        sdk.NCEngine.addMessageHandler('test', new sdk.MessageHandler({
          onMessageReceived: ({ messages }) => heard.push(...messages.map((message) => message.content.text as string)),
          onMessagesModified: ({ messages }) => heard.push(...messages.map((message) => `*${message.content.text}`)),
        }));
        sdk.NCEngine.addConnectionStatusHandler('test', new sdk.ConnectionStatusHandler({
          onConnectionStatusChanged: ({ status, code, reason }) =>
            statuses.push([sdk.ConnectionStatus[status], code, reason].filter((part) => part !== undefined).join(' ')),
        }));
        const connecting = sdk.NCEngine.connect({ token: login });
        if (waits) await connecting;
      },
      [server.url, server.appKey, token, wait] as const,
    );
  }

  async end(): Promise<void> {
    await this.browser.close();
    await new Promise((resolve) => this.site.close(resolve));
  }
}

/** What a page heard. */
export const heard = (page: Page): Promise<string[]> => page.evaluate(() => window.heard);

/** The channels that a page lists, with their unread counts and latest texts. */
export const list = (page: Page): Promise<unknown[]> =>
  page.evaluate(async () => {
    const result = await window.sdk.BaseChannel.createChannelsQuery({ pageSize: 30 }).loadNextPage();
    const shown = ({ channelId, unreadCount, latestMessage }: Sdk.BaseChannel): unknown[] => [channelId, unreadCount, latestMessage?.content.text];
    return result.data?.data.map(shown) ?? [result.code];
  });

/** The texts of a channel's history, newest first. */
export const history = (page: Page, peer: string): Promise<string[]> =>
  page.evaluate(async (id) => {
    const channelIdentifier = new window.sdk.DirectChannel(id).identifier;
    const result = await window.sdk.BaseChannel.createMessagesQuery({ channelIdentifier, pageSize: 100 }).loadNextPage();
    return result.data?.data.map((message) => message.content.text as string) ?? [];
  }, peer);

/** Sends texts at once; resolves with their codes. */
export const say = (page: Page, peer: string, texts: string[]): Promise<number[]> =>
  page.evaluate(
    ([id, all]) =>
      Promise.all(
        all.map(async (text) => {
          const { DirectChannel, SendTextMessageParams } = window.sdk;
          return (await new DirectChannel(id).sendMessage(new SendTextMessageParams({ text }))).code;
        }),
      ),
    [peer, texts] as const,
  );
