import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PushService } from '../../chat/test/support/push-service.js';
import { World, ready } from './support/world.js';

const poll = <T>(ask: () => Promise<T> | T) => expect.poll(ask, { timeout: 30_000 });

describe.skipIf(!ready)('notifications in Chromium, with the real server', () => {
  const world = new World();
  const service = new PushService();
  beforeAll(async () => {
    await Promise.all([world.start(), service.start()]);
    await world.nuncio.command(['push', 'set', world.nuncio.appKey, 'web', '--credentials', '-'], '{"subject":"mailto:ops@example.com"}');
  });
  afterAll(() => Promise.all([world.end(), service.end()]));

  it('a user who is away is shown what a group writes, and a click opens its conversation', async () => {
    const [ann, ben] = [await world.open('ann', { permissions: ['notifications'] }, { push: '/push-worker.js' }), await world.open('ben')];
    const site = new URL(ann.url());
    // The browser's own push service is out of reach of tests: its answer, and its delivery, are ours. All else is real.
    const stand = ({ endpoint, p256dh, auth }: typeof service.subscription): void => {
      const bytes = (text: string): ArrayBuffer => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0)).buffer;
      Object.assign(PushManager.prototype, {
        getSubscription: () => Promise.resolve(null),
        subscribe: ({ applicationServerKey }: { applicationServerKey: string }) => Promise.resolve({
          endpoint,
          options: { applicationServerKey: bytes(applicationServerKey) },
          getKey: (name: string) => bytes(name === 'auth' ? auth : p256dh),
        }),
      });
    };
    await ann.evaluate(stand, service.subscription);
    await ann.locator('nav').getByRole('button', { name: 'You' }).click();
    await ann.getByLabel('Notifications in this browser').check();
    await poll(() => ann.evaluate(async () => (await window.chat.NCEngine.getPushState()).data)).toBe('on');
    await poll(() => ann.getByLabel('Notifications in this browser').isChecked()).toBe(true);
    await ben.evaluate(async () => {
      const { GroupChannel } = window.chat;
      await GroupChannel.createGroup({ groupId: 'walkers', groupName: 'Walkers', inviteeUserIds: ['ann'] });
      await new GroupChannel('walkers').setMemberInfo({ userId: 'ben', nickname: 'Captain' });
    });
    await ann.locator('nav').getByRole('button', { name: 'Chats' }).click();
    await ann.locator('nuncio-channel-list .row', { hasText: 'Walkers' }).waitFor();

    const devtools = await ann.context().newCDPSession(ann);
    const ids: string[] = [];
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => ids.push(...registrations.map((one: { registrationId: string }) => one.registrationId)));
    await devtools.send('ServiceWorker.enable');
    await poll(() => ids.length).toBeGreaterThan(0);

    // She leaves; what is written from now on is pushed.
    await ann.goto(`${site.origin}/page.css`);
    await ben.evaluate(async () => {
      const { GroupChannel, SendTextMessageParams } = window.chat;
      await new GroupChannel('walkers').sendMessage(new SendTextMessageParams({ text: 'Sunday at nine?' }));
    });
    await poll(() => service.pushed.length).toBeGreaterThan(0);
    expect(service.faults).toEqual([]);
    const [pushed] = service.pushed;
    await devtools.send('ServiceWorker.deliverPushMessage', { origin: site.origin, registrationId: ids.at(-1) as string, data: pushed!.text });
    const shown = (): Promise<{ title: string; body: string }[]> => ann.evaluate(async () => {
      const notes = (await (await navigator.serviceWorker.getRegistration('/'))?.getNotifications()) ?? [];
      return notes.map(({ title, body }) => ({ title, body }));
    });
    await poll(shown).toMatchObject([{ title: 'Walkers', body: expect.stringContaining('Sunday at nine?') }]);
    expect((await shown())[0]!.body).toContain('Captain');

    await ann.goto(site.href);
    await ann.waitForFunction(() => window.chat?.NCEngine.getConnectionStatus() === window.chat.ConnectionStatus.CONNECTED);
    const [worker] = ann.context().serviceWorkers().filter((one) => one.url().includes('push-worker'));
    await worker!.evaluate(async () => {
      const scope = globalThis as unknown as { registration: ServiceWorkerRegistration; dispatchEvent(event: Event): void; NotificationEvent: new (name: string, of: object) => Event };
      const [notification] = await scope.registration.getNotifications();
      scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification }));
    });
    await ann.locator('nuncio-conversation header').getByText('Walkers').waitFor();
    await ann.locator('.entry', { hasText: 'Sunday at nine?' }).waitFor();

    // Logging out ends it.
    const before = service.pushed.length;
    await ann.evaluate(() => window.chat.NCEngine.disconnect());
    await ann.goto(`${site.origin}/page.css`);
    await ben.evaluate(() => new window.chat.GroupChannel('walkers').sendMessage(new window.chat.SendTextMessageParams({ text: 'Anybody?' })));
    await ann.goto(site.href);
    await ann.locator('.entry, nuncio-channel-list .row', { hasText: 'Anybody?' }).first().waitFor();
    expect(await ann.evaluate(async () => (await window.chat.NCEngine.getPushState()).data)).toBe('off');
    expect(service.pushed.slice(before).filter(({ text }) => text.includes('Anybody?'))).toEqual([]);
    await ann.context().close();
    await ben.context().close();
  });
});
