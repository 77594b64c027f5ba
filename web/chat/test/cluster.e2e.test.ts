import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kept } from './support/browser.js';
import { browserPath, heard, say, TestBrowser } from './support/browser.js';
import { Cluster, clusterProgram } from './support/cluster.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, until } from './support/sdk.js';

/** A page's window. */
declare const window: Kept;

/** How a node is left: it says so itself, or it is gone. */
const ways = ['drain', 'kill'] as const;
const slow = { timeout: 30_000 };

describe.skipIf(clusterProgram === undefined)('against three nodes', () => {
  const cluster = new Cluster();

  beforeAll(() => cluster.start(), 120_000);
  afterAll(() => cluster.end());
  /** All nodes, from this one on. */
  const from = (first: number): string[] => [...cluster.nodes.slice(first), ...cluster.nodes.slice(0, first)];

  async function program(userId: string, first: number): Promise<{ sdk: Chat; heard: Heard }> {
    const token = await cluster.token(userId);
    const sdk = await freshSdk();
    sdk.NCEngine.initialize({
      appKey: cluster.appKey, naviServer: from(first), reconnect: { initialDelayMs: 50, maxDelayMs: 500 },
    });
    const hears = listen(sdk);
    expect(await sdk.NCEngine.connect({ token })).toMatchObject({ isOk: true });
    await until(() => hears.names.includes('offlineSynced'));
    return { sdk, heard: hears };
  }

  it.each(ways)('a program moves on along its list when its node ends by %s', async (way) => {
    const [ann, ben] = [await program(`ann-${way}`, 0), await program(`ben-${way}`, 1)];
    const write = async (text: string): Promise<number> =>
      (await new ann.sdk.DirectChannel(`ben-${way}`).sendMessage(new ann.sdk.SendTextMessageParams({ text }))).code;
    expect(await write('before')).toBe(0);
    await until(() => ben.heard.messages.length === 1);
    const before = ben.heard.statuses.length;
    await cluster.tell(way, 1);
    // Written while the reader has no node, or has just found one.
    for (const text of ['one', 'two', 'three']) expect(await write(text)).toBe(0);
    await until(() => ben.heard.messages.length === 4);
    expect(ben.heard.messages.map((message) => message.content.text)).toEqual(['before', 'one', 'two', 'three']);
    // It was cut off, came back by itself, and has not given up in between.
    const told = ben.heard.statuses.slice(before).map(({ status }) => ben.sdk.ConnectionStatus[status]);
    expect(told.length).toBeGreaterThan(1);
    expect(told.at(-1)).toBe('CONNECTED');
    expect(told).not.toContain('DISCONNECTED');
    await cluster.tell('launch', 1);
    for (const { sdk } of [ann, ben]) sdk.NCEngine.destroy();
  }, slow.timeout);

  describe.skipIf(browserPath === undefined)('in a real browser', () => {
    let browser: TestBrowser;

    beforeAll(async () => void (browser = await TestBrowser.start()));
    afterAll(() => browser?.end());

    async function page(userId: string, first: number): Promise<Page> {
      const url = from(first).join(',');
      const opened = await (await browser.profile()).newPage();
      await browser.open(opened, { url, appKey: cluster.appKey }, await cluster.token(userId));
      return opened;
    }

    it.each(ways)('a page moves on along its list when its node ends by %s', async (way) => {
        const [ann, ben] = [await page(`page-ann-${way}`, 0), await page(`page-ben-${way}`, 2)];
      const to = `page-ben-${way}`;
      expect(await say(ann, to, ['before'])).toEqual([0]);
      await ben.waitForFunction(() => window.heard.length === 1, undefined, slow);
      await cluster.tell(way, 2);
      expect(await say(ann, to, ['one', 'two'])).toEqual([0, 0]);
      await ben.waitForFunction(() => window.heard.length === 3, undefined, slow);
      expect(await heard(ben)).toEqual(['before', 'one', 'two']);
      // And writes from where it is now.
      expect(await say(ben, `page-ann-${way}`, ['here'])).toEqual([0]);
      await ann.waitForFunction(() => window.heard.includes('here'), undefined, slow);
      await cluster.tell('launch', 2);
    }, slow.timeout);
  });
});
