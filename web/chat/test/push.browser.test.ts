import type { BrowserContext, CDPSession, Page, Worker } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestBrowser, browserPath } from './support/browser.js';
import { FakeServer } from './support/server.js';

const KEY = 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM';
const poll = <T>(ask: () => Promise<T> | T) => expect.poll(ask, { timeout: 20_000 });

interface Opened {
  channelIdentifier: { channelType: number; channelId: string };
  messageId: string;
}

declare const window: { opened: Opened[]; sdk: typeof import('../src/index.js') };

describe.skipIf(browserPath === undefined)('notifications in a real browser', () => {
  let browser: TestBrowser;
  let server: FakeServer;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    browser = await TestBrowser.start();
  });
  afterAll(() => browser.end());
  beforeEach(async () => {
    server = await FakeServer.start();
    server.script.getPushInfo = () => ({ case: 'pushInfo', value: { providers: [3], vapidPublicKey: KEY } });
    context = await browser.profile();
    page = await context.newPage();
  });
  afterEach(async () => {
    await context.close();
    await server.stop();
  });

  async function open(): Promise<void> {
    await browser.open(page, { url: server.url, appKey: 'app' }, 'alice:1');
    await context.grantPermissions(['notifications'], { origin: new URL(page.url()).origin });
    await page.evaluate(() => {
      window.opened = [];
      const { PushHandler } = window.sdk;
      window.sdk.NCEngine.addPushHandler('test', new PushHandler({ onNotificationOpened: (event) => window.opened.push(event) }));
    });
  }

  /** Registers the worker by itself, and hands over what a push service would. */
  async function worker(): Promise<{ push(data: unknown): Promise<void>; shown(): Promise<{ title: string; body: string; tag: string; data: unknown }[]>; worker: Worker }> {
    const devtools: CDPSession = await context.newCDPSession(page);
    const ids: string[] = [];
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => ids.push(...registrations.filter(({ isDeleted }) => !isDeleted).map(({ registrationId }) => registrationId)));
    await devtools.send('ServiceWorker.enable');
    await page.evaluate(async () => {
      await navigator.serviceWorker.register('/push-worker.js');
      const active = (await navigator.serviceWorker.ready).active as ServiceWorker;
      // One that is being activated gets no pushes yet.
      while (active.state !== 'activated') await new Promise((resolve) => setTimeout(resolve, 10));
    });
    await poll(() => ids.length).toBeGreaterThan(0);
    const [found] = context.serviceWorkers().length > 0 ? context.serviceWorkers() : [await context.waitForEvent('serviceworker')];
    return {
      worker: found as Worker,
      push: async (data) => {
        await devtools.send('ServiceWorker.deliverPushMessage', {
          origin: new URL(page.url()).origin,
          registrationId: ids.at(-1) as string,
          data: typeof data === 'string' ? data : JSON.stringify(data),
        });
      },
      shown: () => page.evaluate(async () => {
        const notes = await (await navigator.serviceWorker.ready).getNotifications();
        return notes.map(({ title, body, tag, data }) => ({ title, body, tag, data: data as unknown }));
      }),
    };
  }

  const data = { channelType: 3, channelId: 'walkers', messageId: 'm7', senderId: 'bob', pushData: 'x' };
  const note = { title: 'Walkers', body: 'Bob: Sunday?', tag: '3:walkers', badge: 4, silent: false, data: { ...data, channelType: '3', unreadCount: '4' } };

  it('are shown as the server says, one for each conversation, and nameless where the push cannot be read', async () => {
    await open();
    const { push, shown } = await worker();
    await expect.poll(async () => (await push(note), shown()), { timeout: 20_000, interval: 1_000 })
      .toMatchObject([{ title: 'Walkers', body: 'Bob: Sunday?', tag: '3:walkers', data }]);
    await push({ ...note, body: 'Bob: At nine' });
    await poll(shown).toMatchObject([{ body: 'Bob: At nine' }]);
    await push({ ...note, title: 'Carol', tag: '1:carol', icon: 'javascript:alert(1)', data: { ...data, channelType: 1, channelId: 'carol' } });
    await push('not JSON');
    await poll(async () => (await shown()).map(({ title }) => title).sort()).toEqual(['Carol', 'Walkers', '•']);
  });

  it('bring an open page to the conversation when they are clicked', async () => {
    await open();
    const { push, shown, worker: running } = await worker();
    // DevTools delivers as a push service does: at most once. Another one with the same tag takes the first one's place.
    await expect.poll(async () => (await push(note), (await shown()).length), { timeout: 20_000, interval: 1_000 }).toBe(1);
    const click = (): Promise<void> => running.evaluate(async () => {
      const scope = globalThis as unknown as { registration: ServiceWorkerRegistration; dispatchEvent(event: Event): void; NotificationEvent: new (name: string, of: object) => Event };
      const [notification] = await scope.registration.getNotifications();
      scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }));
    });
    await click();
    await poll(() => page.evaluate(() => window.opened)).toMatchObject([{ channelIdentifier: { channelType: 3, channelId: 'walkers' }, messageId: 'm7', senderId: 'bob', pushData: 'x' }]);
    await poll(async () => (await shown()).length).toBe(0);
  });

  it('that opened the page are told to it, once, and leave its address clean', async () => {
    await open();
    const address = new URL(page.url());
    address.searchParams.set('nuncio-push', JSON.stringify(data));
    await page.goto(address.href);
    const told = (): Promise<Opened[]> => page.evaluate(async () => {
      const opened: Opened[] = [];
      const { NCEngine, PushHandler } = window.sdk;
      NCEngine.addPushHandler('test', new PushHandler({ onNotificationOpened: (event) => opened.push(event) }));
      await new Promise((resolve) => setTimeout(resolve, 50));
      return opened;
    });
    await page.waitForFunction(() => window.sdk !== undefined);
    expect(await told()).toMatchObject([{ channelIdentifier: { channelType: 3, channelId: 'walkers' }, messageId: 'm7' }]);
    expect(new URL(page.url()).search).toBe('');
    expect(await told()).toEqual([]);
    await page.goto(`${address.origin}/?nuncio-push=${encodeURIComponent('{"channelId":7')}`);
    await page.waitForFunction(() => window.sdk !== undefined);
    expect(await told()).toEqual([]);
  });

  it('are subscribed to under the app\'s key and registered, and ended', async () => {
    // The browser's own push service is out of reach of tests, so its answer is a stand-in; all else is the browser.
    await context.addInitScript(() => {
      let subscription: object | null = null;
      Object.assign(PushManager.prototype, {
        getSubscription: () => Promise.resolve(subscription),
        subscribe: ({ applicationServerKey, userVisibleOnly }: { applicationServerKey: string; userVisibleOnly: boolean }) => {
          if (!userVisibleOnly) return Promise.reject(new Error('not for silent pushes'));
          const key = Uint8Array.from(atob(applicationServerKey.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0)).buffer;
          subscription = {
            endpoint: `https://push.example/${Math.random()}`,
            options: { applicationServerKey: key },
            getKey: (name: string) => new Uint8Array(name === 'auth' ? 16 : 65).fill(255).buffer,
            unsubscribe: () => Promise.resolve((subscription = null)),
          };
          return Promise.resolve(subscription);
        },
      });
    });
    await open();
    const enable = (): Promise<{ isOk: boolean; code: number }> => page.evaluate(() => window.sdk.NCEngine.enablePush({ workerUrl: '/push-worker.js', language: 'de' }));
    expect(await enable()).toMatchObject({ isOk: true });
    expect(await enable()).toMatchObject({ isOk: true });
    const [first, again] = server.asked('registerPush');
    expect(first).toMatchObject({ provider: 3, token: expect.stringMatching(/^https:\/\/push\.example\//), p256dh: expect.stringMatching(/^_{86}8$/), auth: expect.stringMatching(/^_{21}w$/), language: 'de' });
    expect(again!.token).toBe(first!.token);
    server.script.getPushInfo = () => ({ case: 'pushInfo', value: { providers: [3], vapidPublicKey: `${KEY.slice(0, -1)}A`, registered: 3 } });
    await enable();
    expect(server.asked('registerPush')[2]!.token).not.toBe(first!.token);
    expect(await page.evaluate(() => window.sdk.NCEngine.getPushState())).toMatchObject({ data: 'on' });
    expect(await page.evaluate(() => window.sdk.NCEngine.disablePush())).toMatchObject({ isOk: true });
    expect(server.asked('unregisterPush')).toHaveLength(1);
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription())).toBeNull();
  });

  it('are not there where the app has no key, the user forbids them, or the push service is out of reach', async () => {
    await open();
    const enable = (): Promise<{ isOk: boolean; code: number; msg?: string }> => page.evaluate(() => window.sdk.NCEngine.enablePush());
    server.script.getPushInfo = () => ({ case: 'pushInfo', value: {} });
    expect(await enable()).toMatchObject({ code: 50101, msg: expect.stringContaining('credentials') });
    server.script.getPushInfo = () => ({ case: 'pushInfo', value: { providers: [3], vapidPublicKey: KEY } });
    expect(await enable()).toMatchObject({ isOk: false, code: 33003, msg: expect.stringContaining('could not subscribe') });
    await context.clearPermissions();
    expect(await enable()).toMatchObject({ code: 50101, msg: expect.stringContaining('allow') });
    expect(server.asked('registerPush')).toHaveLength(0);
  });
});
