import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kept } from './support/browser.js';
import { browserPath, heard, history, list, say, TestBrowser } from './support/browser.js';
import { binary, Nuncio } from './support/nuncio.js';
import { until } from './support/sdk.js';

/** A page's window. */
declare const window: Kept;

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, index) => `${from + index}`);
const slow = { timeout: 30_000 };

/** Stands between the browser and the server, and sees how many connections there are. */
class Gate {
  readonly open = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async to(target: Nuncio): Promise<Gate> {
    const server = createServer((inner) => {
      const outer = connect(Number(new URL(target.url).port), '127.0.0.1');
      gate.open.add(inner);
      inner.on('close', () => (gate.open.delete(inner), outer.destroy()));
      outer.on('close', () => inner.destroy());
      for (const socket of [inner, outer]) socket.on('error', () => socket.destroy());
      inner.pipe(outer).pipe(inner);
    });
    const gate = new Gate(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe.skipIf(browserPath === undefined || binary === undefined)('in a real browser, against the real server', () => {
  const nuncio = new Nuncio();
  let browser: TestBrowser;
  let number = 0;

  beforeAll(async () => {
    await nuncio.start();
    browser = await TestBrowser.start();
  });

  afterAll(async () => {
    await browser?.end();
    await nuncio.end();
  });

  /** A user nobody has met yet, in a tab of a profile of its own. */
  async function somebody(): Promise<{ id: string; page: Page; token: string }> {
    const id = `user${(number += 1)}`;
    const token = await nuncio.token(id);
    const page = await (await browser.profile()).newPage();
    await browser.open(page, nuncio, token);
    return { id, page, token };
  }

  it('two tabs share one connection through a shared worker, and a closed tab is noticed', async () => {
    const gate = await Gate.to(nuncio);
    const way = { url: gate.url, appKey: nuncio.appKey };
    const ann = await somebody();
    const ben = await nuncio.token('ben');
    const profile = await browser.profile();
    const [first, second] = [await profile.newPage(), await profile.newPage()];
    await browser.open(first, way, ben);
    await browser.open(second, way, ben);
    expect(gate.open.size).toBe(1);
    expect(await say(ann.page, 'ben', ['both'])).toEqual([0]);
    await expect.poll(() => heard(first), slow).toEqual(['both']);
    await expect.poll(() => heard(second), slow).toEqual(['both']);
    expect(await say(first, ann.id, ['from the first tab'])).toEqual([0]);
    await expect.poll(() => heard(second), slow).toEqual(['both', 'from the first tab']);
    await first.close();
    await say(ann.page, 'ben', ['one']);
    await expect.poll(() => heard(second), slow).toEqual(['both', 'from the first tab', 'one']);
    await second.close();
    await until(() => gate.open.size === 0);
    await gate.close();
  });

  it('after a reload without a server, list and history are there, and what is written then is sent once later', async () => {
    const [ann, ben] = [await somebody(), await somebody()];
    await say(ann.page, ben.id, ['one', 'two']);
    await expect.poll(() => heard(ben.page), slow).toEqual(['one', 'two']);
    const before = await list(ben.page);
    expect(before).toEqual([[ann.id, 2, 'two']]);
    await nuncio.stop('SIGKILL');
    await browser.open(ben.page, nuncio, ben.token, false);
    await expect.poll(() => list(ben.page), slow).toEqual(before);
    expect(await history(ben.page, ann.id)).toEqual(['two', 'one']);
    const sending = say(ben.page, ann.id, ['written offline']);
    await expect.poll(() => list(ben.page), slow).toEqual([[ann.id, 2, 'written offline']]);
    await nuncio.start();
    expect(await sending).toEqual([0]);
    await expect.poll(() => heard(ann.page), slow).toEqual(['written offline']);
    expect(await history(ann.page, ben.id)).toEqual(['written offline', 'two', 'one']);
  });

  it('a server killed and restarted under the pages loses, doubles and reorders nothing', async () => {
    const [ann, ben] = [await somebody(), await somebody()];
    const early = say(ann.page, ben.id, numbers(0, 40));
    await nuncio.stop('SIGKILL');
    const late = say(ann.page, ben.id, numbers(40, 60));
    await nuncio.start();
    expect([...(await early), ...(await late)]).toEqual(numbers(0, 60).map(() => 0));
    await expect.poll(() => heard(ben.page).then((all) => all.length), slow).toBe(60);
    expect(await heard(ben.page)).toEqual(numbers(0, 60));
    expect(await history(ben.page, ann.id)).toEqual(numbers(0, 60).reverse());
  });

  it('a message can be edited, and both the other side and the own other tab see it', async () => {
    const [ann, ben] = [await somebody(), await somebody()];
    const other = await ann.page.context().newPage();
    await browser.open(other, nuncio, ann.token);
    await say(ann.page, ben.id, ['teh']);
    await expect.poll(() => heard(ben.page), slow).toEqual(['teh']);
    const code = await ann.page.evaluate(async (id) => {
      const { BaseChannel, DirectChannel } = window.sdk;
      const channelIdentifier = new DirectChannel(id).identifier;
      const messageId = (await new DirectChannel(id).reload()).data!.latestMessage!.messageId;
      return (await BaseChannel.modifyMessage({ channelIdentifier, messageId, content: { text: 'the' } })).code;
    }, ben.id);
    expect(code).toBe(0);
    await expect.poll(() => heard(ben.page), slow).toEqual(['teh', '*the']);
    await expect.poll(() => heard(other), slow).toEqual(['teh', '*the']);
    expect(await heard(ann.page)).toEqual([]);
    expect(await list(ben.page)).toEqual([[ann.id, 1, 'the']]);
  });

  it('a ban is seen by the page at once, with its reason; an expired token is told from it', async () => {
    const [ann, ben] = [await somebody(), await somebody()];
    const last = (page: Page): Promise<string | undefined> => page.evaluate(() => window.statuses.at(-1));
    await nuncio.api('/v4/user/ban', { userIds: [ann.id], durationMinutes: 5, reason: 'spam' });
    await expect.poll(() => last(ann.page), slow).toBe('DISCONNECTED 31011 spam');
    await nuncio.api('/v4/auth/access-token/expire', { userIds: [ben.id], expiresAt: Date.now() });
    await expect.poll(() => last(ben.page), slow).toBe('DISCONNECTED 31020');
    const renewed = await nuncio.token(ben.id);
    const code = await ben.page.evaluate(async (token) => (await window.sdk.NCEngine.connect({ token })).code, renewed);
    expect(code).toBe(0);
  });
});
