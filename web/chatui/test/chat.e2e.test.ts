import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World, ready, say, writeTo } from './support/world.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const patience = { timeout: 30_000 };
const poll = <T>(ask: () => Promise<T>) => expect.poll(ask, patience);

describe.skipIf(!ready)('the Chat UI in Chromium, with the real server', () => {
  const world = new World();
  beforeAll(() => world.start());
  afterAll(() => world.end());

  const entry = (page: Page, line: string) => page.locator('.entry', { hasText: line }).last();
  const row = (page: Page, name: string) => page.locator('nuncio-channel-list .row', { hasText: name });

  it('two users write to each other, see typing, unread counts and that their words were read', async () => {
    const [alice, bob] = [await world.open('alice'), await world.open('bob')];
    await writeTo(alice, 'bob');
    await say(alice, 'Hello Bob');
    await poll(() => entry(alice, 'Hello Bob').getByLabel('Sent').count()).toBe(1);
    await poll(() => row(bob, 'alice').getByText('1 unread').count()).toBe(1);
    await row(bob, 'alice').click();
    await entry(bob, 'Hello Bob').waitFor();
    await poll(() => row(bob, 'alice').getByText('unread').count()).toBe(0);
    await poll(() => entry(alice, 'Hello Bob').getByLabel('Read').count()).toBe(1);
    await bob.getByLabel('Write a message').pressSequentially('Hi');
    await alice.locator('nuncio-conversation header').getByText('bob is typing…').waitFor();
    await bob.getByLabel('Write a message').press('Enter');
    await entry(alice, 'Hi').waitFor();
    await alice.context().close();
    await bob.context().close();
  });

  it('who has been blocked is told so under the message, and again after a reload', async () => {
    const [carol, dave] = [await world.open('carol'), await world.open('dave')];
    await dave.getByRole('button', { name: 'Blocked', exact: true }).click();
    await dave.getByLabel('Block a user id').fill('carol');
    await dave.getByRole('button', { name: 'Block', exact: true }).click();
    await dave.locator('nuncio-blocklist .row', { hasText: 'carol' }).waitFor();
    await writeTo(carol, 'dave');
    await say(carol, 'Are you there?');
    const line = 'Your message has been sent but was rejected by the recipient.';
    await entry(carol, 'Are you there?').getByText(line).waitFor();
    expect(await entry(carol, 'Are you there?').getByLabel('Not sent').count()).toBe(1);
    await carol.reload();
    await row(carol, 'dave').click();
    await entry(carol, 'Are you there?').getByText(line).waitFor();
    await dave.getByRole('button', { name: 'Unblock: carol' }).click();
    await dave.getByText('Nobody is blocked').waitFor();
    await entry(carol, 'Are you there?').getByRole('button', { name: 'Try again' }).click();
    await poll(() => entry(carol, 'Are you there?').getByLabel('Sent').count()).toBe(1);
    expect(await carol.getByText(line).count()).toBe(0);
    await carol.context().close();
    await dave.context().close();
  });

  it('messages are edited, answered, recalled and deleted from their menus', async () => {
    const [eve, frank] = [await world.open('eve'), await world.open('frank')];
    await writeTo(eve, 'frank');
    await writeTo(frank, 'eve');
    await say(eve, 'Meet at fvie');
    const choose = async (page: Page, line: string, item: string): Promise<void> => {
      await page.locator('.entry', { hasText: line }).first().locator('.bubble').click({ button: 'right' });
      await page.getByRole('menuitem', { name: item }).click();
    };
    await entry(eve, 'Meet at fvie').getByLabel(/^(Sent|Read)$/).waitFor();
    await entry(frank, 'Meet at fvie').waitFor();
    await choose(eve, 'Meet at fvie', 'Edit');
    expect(await eve.getByLabel('Write a message').inputValue()).toBe('Meet at fvie');
    await say(eve, 'Meet at five');
    await entry(frank, 'Meet at five').getByText('edited').waitFor();
    await choose(frank, 'Meet at five', 'Reply');
    await say(frank, 'Fine');
    await entry(eve, 'Fine').locator('.quote', { hasText: 'Meet at five' }).waitFor();
    await choose(eve, 'Meet at five', 'Delete for everyone');
    await frank.getByText('eve deleted a message').first().waitFor();
    await choose(eve, 'Fine', 'Delete for me');
    await poll(() => entry(eve, 'Fine').count()).toBe(0);
    expect(await entry(frank, 'Fine').count()).toBe(1);
    await eve.context().close();
    await frank.context().close();
  });

  it('a friend is asked, accepts, is given another name, and both names follow the profile live', async () => {
    const [gina, hugo] = [await world.open('gina'), await world.open('hugo')];
    await gina.getByRole('button', { name: 'Friends', exact: true }).click();
    await gina.getByLabel('Add a friend by user id').fill('hugo');
    await gina.getByLabel('A line to go with the request').fill('We met in Lisbon');
    await gina.getByRole('button', { name: 'Add', exact: true }).click();
    await gina.getByText('Request sent to hugo').waitFor();
    await hugo.getByRole('button', { name: /^Requests/ }).click();
    await hugo.getByText('We met in Lisbon').waitFor();
    await hugo.getByRole('button', { name: 'Accept: gina' }).click();
    await gina.locator('nuncio-friend-list .row', { hasText: 'hugo' }).waitFor();
    await hugo.getByRole('button', { name: 'You', exact: true }).click();
    await hugo.getByLabel('Name', { exact: true }).fill('Hugo Martins');
    await hugo.getByRole('button', { name: 'Save' }).click();
    await gina.locator('nuncio-friend-list .row', { hasText: 'Hugo Martins' }).click();
    await gina.getByLabel('Your name for them').fill('Hugo (Lisbon)');
    await gina.getByRole('button', { name: 'Save' }).click();
    await gina.getByRole('heading', { name: 'Hugo (Lisbon)' }).waitFor();
    await gina.context().close();
    await hugo.context().close();
  });

  it('names come from the app where it keeps them, also friends, and the service is not asked for them', async () => {
    const page = await world.open('ivan');
    await page.evaluate(() => {
      window.chatui.userInfo.setUserInfoProvider(async (ids) => ids.map((userId) => ({ userId, name: `App's ${userId}` })));
      window.chatui.session.setFriendProvider({ getFriends: async () => ['from-the-app'] });
    });
    await page.getByRole('button', { name: 'Friends', exact: true }).click();
    await page.getByText("App's from-the-app").waitFor();
    await page.evaluate(() => window.chatui.userInfo.refreshUserInfo({ userId: 'from-the-app', name: 'Renamed' }));
    await page.locator('nuncio-friend-list').getByText('Renamed').waitFor();
    await page.context().close();
  });

  it('the list and the conversation are there while the server is away, and go on when it is back', async () => {
    const [rosa, sven] = [await world.open('rosa'), await world.open('sven')];
    await writeTo(rosa, 'sven');
    await say(rosa, 'Kept on the device');
    await row(sven, 'rosa').click();
    await entry(sven, 'Kept on the device').waitFor();
    await world.nuncio.stop('SIGKILL');
    await sven.reload();
    await row(sven, 'rosa').click();
    await entry(sven, 'Kept on the device').waitFor();
    await sven.getByText('No connection. Trying again').or(sven.getByText('Connecting…')).waitFor();
    await say(sven, 'Written without a connection');
    await entry(sven, 'Written without a connection').getByLabel('Sending').waitFor();
    await world.nuncio.start();
    await entry(rosa, 'Written without a connection').waitFor();
    await poll(() => entry(sven, 'Written without a connection').getByLabel(/^(Sent|Read)$/).count()).toBe(1);
    expect(await sven.locator('.entry', { hasText: 'Written without a connection' }).count()).toBe(1);
    await rosa.context().close();
    await sven.context().close();
  });

  it('a ban is told with its reason', async () => {
    const page = await world.open('judy');
    await world.nuncio.api('/v4/user/ban', { userIds: ['judy'], durationMinutes: 30, reason: 'spam' });
    await page.getByText(/You are banned until/).waitFor();
    await page.getByText(/Reason: spam/).waitFor();
    await page.context().close();
  });

  it('stored scripts in names, ids and messages stay text', async () => {
    const script = '<img src=x onerror="window.hacked=true"><script>window.hacked=true</script>';
    const [kim, leo] = [await world.open('kim'), await world.open('leo')];
    await kim.evaluate((name) => window.chat.NCEngine.userModule.updateMyUserProfile({ name: name.slice(0, 32) }), script);
    await kim.evaluate(async (line) => {
      const { DirectChannel, SendMessageParams, SendTextMessageParams } = window.chat;
      const channel = new DirectChannel('leo');
      await channel.sendMessage(new SendTextMessageParams({ text: line }));
      await channel.sendMessage(new SendMessageParams({ remoteUrl: 'javascript:window.hacked=true', name: line, size: 3 }, 'RC:FileMsg'));
      await channel.sendMessage(new SendMessageParams({ text: { toString: 'no text' }, referMsg: null }, 'RC:ReferenceMsg'));
    }, script);
    await row(leo, '<img').click();
    await entry(leo, '<script>').waitFor();
    expect(await leo.locator('nuncio-conversation a[href^="javascript"]').count()).toBe(0);
    expect(await leo.evaluate(() => window.hacked)).toBeUndefined();
    await kim.context().close();
    await leo.context().close();
  });

  it('10,000 messages scroll with few rows in the page, and older ones come in without a jump', async () => {
    const page = await world.open('mia');
    await writeTo(page, 'alice');
    const drawn = await page.evaluate(async () => {
      const { DirectChannel, Helper, SendTextMessageParams, SentStatus } = window.chat;
      const channel = new DirectChannel('alice');
      const messages = Array.from({ length: 10_000 }, (_, index) => {
        const message = Helper.createMessage(channel.identifier, new SendTextMessageParams({ text: `Line ${index} `.repeat(1 + (index % 7)) }));
        message.messageId = `local-${String(index).padStart(6, '0')}`;
        message.sentTime = Date.now() - (10_000 - index) * 60_000;
        message.sentStatus = SentStatus.SENT;
        return message;
      });
      const conversation = document.querySelector('nuncio-chat')?.shadowRoot?.querySelector('nuncio-conversation');
      window.chatui.session.changed({ kind: 'received', messages });
      await conversation?.updateComplete;
      const scroller = conversation?.shadowRoot?.querySelector('.scroll') as HTMLElement;
      const counts: number[] = [];
      const jumps: number[] = [];
      for (let step = 0; step < 40; step += 1) {
        const before = [...scroller.querySelectorAll('[data-key]')].map((one) => [one.getAttribute('data-key'), one.getBoundingClientRect().top] as const);
        scroller.scrollTop -= 300;
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 30)));
        counts.push(scroller.querySelectorAll('[data-key]').length);
        const seen = before.find(([key, top]) => top > 200 && top < 500 && scroller.querySelector(`[data-key="${key}"]`));
        const now = seen && scroller.querySelector(`[data-key="${seen[0]}"]`)?.getBoundingClientRect().top;
        if (seen && now !== undefined) jumps.push(Math.abs(now - seen[1] - 300));
      }
      return { most: Math.max(...counts), jumps, height: scroller.scrollHeight };
    });
    expect(drawn.most).toBeLessThan(120);
    expect(drawn.height).toBeGreaterThan(200_000);
    expect(Math.max(...drawn.jumps)).toBeLessThan(4);
    await page.context().close();
  });

  it.each([
    ['light', 1100, 760],
    ['dark', 1100, 760],
    ['light', 390, 780],
    ['dark', 390, 780],
  ] as const)('axe finds no serious fault (%s, %i px wide)', async (theme, width, height) => {
    const page = await world.open('nora', { viewport: { width, height }, colorScheme: theme }, { theme });
    const check = async (): Promise<void> => {
      await page.evaluate(await readFile(axe, 'utf8'));
      const found = await page.evaluate(async () => {
        const results = await (window as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }).axe.run();
        return results.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      });
      expect(found).toEqual([]);
    };
    for (const pane of ['Friends', 'Requests', 'Blocked', 'You', 'Chats']) {
      await page.locator('nav').getByRole('button', { name: pane, exact: true }).click();
      await check();
    }
    await writeTo(page, 'alice');
    await say(page, `Hello in ${theme}`);
    await entry(page, `Hello in ${theme}`).waitFor();
    await check();
    await page.context().close();
  });

  it('asks no host but its own, breaks no content security policy and prints no error', () => {
    expect([...world.hosts]).toEqual(['127.0.0.1']);
    // The server was away once: that is printed, and no fault.
    const away = /ERR_CONNECTION_REFUSED|WebSocket/;
    expect(world.complaints.filter((line) => !away.test(line))).toEqual([]);
  });
});
