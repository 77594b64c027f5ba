import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, World, faults, ready, row, visit } from './support/world.js';
import { unzip } from './support/zip.js';

const patience = { timeout: 30_000 };
const HOSTILE = '<img src=x onerror="alert(1)">';

/** One test goes on where the one before it ended, as an operator does. */
describe.skipIf(!ready)('the pages of users in Chromium, with the real server', () => {
  const world = new World();
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    await world.start();
    context = await world.browser();
    page = await world.open(context);
    await world.enter(page);
    await world.createApp(page, 'Shop', 'Development');
    for (const [userId, name] of [['u1', 'Ada Lovelace'], ['u2', 'ADA Byron'], ['u3', 'Grace Hopper'], ['ada', 'Somebody else'], ['u4', HOSTILE]]) {
      await world.nuncio.api('/v4/auth/access-token/issue', { userId, name });
    }
  });
  afterAll(() => world.end());

  const dialog = () => page.getByRole('dialog');
  const act = async (name: string): Promise<void> => {
    await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name, exact: true }).click();
  };
  const appAddress = (rest = '') => world.address(`#/apps/${world.nuncio.appKey}${rest}`);
  const listed = async (): Promise<string[]> => {
    await expect.poll(() => page.getByText('Loading…').count(), patience).toBe(0);
    return (await page.getByRole('region', { name: 'Users' }).locator('tbody .sub').allTextContents()).sort();
  };

  it('users are found by how their name begins, whatever its case, and by id first', async () => {
    await visit(page, 'Users');
    await page.getByLabel('Find').fill('ada');
    await page.getByLabel('Find').press('Enter');
    await expect.poll(listed, patience).toEqual(['ada', 'u1', 'u2']);
    expect(await page.locator('tbody .sub').first().textContent()).toBe('ada');
    await page.getByLabel('Find').fill('Ada L');
    await page.getByRole('button', { name: 'Find' }).click();
    await expect.poll(listed, patience).toEqual(['u1']);
    await page.getByLabel('Find').fill(HOSTILE);
    await page.getByRole('button', { name: 'Find' }).click();
    await expect.poll(listed, patience).toEqual(['u4']);
    await page.getByLabel('Find').fill('nobody at all');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('Nobody was found.').waitFor();
  });

  it('users of a status are listed', async () => {
    await world.nuncio.api('/v4/user/ban', { userIds: ['u1'], durationMinutes: 10 });
    await world.nuncio.api('/v4/user/soft-delete', { userIds: ['u3'] });
    await page.goto(appAddress('/users/u2'));
    await act('Mute');
    await dialog().getByRole('button', { name: 'Mute' }).click();
    await page.getByText('No, muted').waitFor();
    await visit(page, 'Users');
    for (const [status, users] of [['Banned', ['u1']], ['Muted', ['u2']], ['Soft-deleted', ['u3']]] as const) {
      await page.getByLabel('Or show').selectOption(status);
      await expect.poll(listed, patience).toEqual(users);
      expect(await page.getByRole('row').nth(1).textContent()).toContain(status);
    }
    await page.reload();
    await expect.poll(listed, patience).toEqual(['u3']);
    await page.getByLabel('Or show').selectOption('All, newest first');
    await expect.poll(listed, patience).toEqual(['ada', 'u1', 'u2', 'u3', 'u4']);
  });

  it('a user\'s lists are shown, page by page', async () => {
    const others = Array.from({ length: 60 }, (_, at) => `blocked-${String(at).padStart(2, '0')}`);
    for (const userId of others) await world.nuncio.api('/v4/auth/access-token/issue', { userId, name: userId });
    for (let at = 0; at < others.length; at += 20) {
      await world.nuncio.api('/v4/user/blocklist/add', { userId: 'u2', targetUserIds: others.slice(at, at + 20) });
    }
    await world.nuncio.api('/v4/user/whitelist/add', { userId: 'u2', targetUserIds: ['ada', 'u4'] });
    await world.nuncio.api('/v4/friend/add', { userId: 'u2', targetId: 'ada', action: 2 });
    await page.goto(appAddress('/users/u2'));
    await page.getByRole('button', { name: 'Blocklist: 60' }).click();
    const lists = page.getByRole('region', { name: 'Lists' });
    await expect.poll(() => lists.getByRole('row').count(), patience).toBe(51);
    await lists.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => lists.getByRole('row').count(), patience).toBe(61);
    await page.getByRole('button', { name: 'Whitelist: 2' }).click();
    await expect.poll(() => lists.getByRole('row').count(), patience).toBe(3);
    await lists.getByRole('link', { name: 'u4' }).waitFor();
    await lists.getByText(HOSTILE).waitFor();
    await page.getByRole('button', { name: 'Friends: 1' }).click();
    await expect.poll(() => lists.getByRole('row').count(), patience).toBe(2);
    expect(await faults(page)).toEqual([]);
    await lists.getByRole('link', { name: 'ada' }).click();
    await page.getByRole('heading', { name: 'Somebody else', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Friends: 1' }).click();
    await page.getByRole('link', { name: 'u2' }).waitFor();
  });

  it('expired tokens let nobody in any more, and the page says from when on', async () => {
    const { NCEngine } = await import('@nuncio/chat');
    const connect = async (token: string): Promise<number> => {
      NCEngine.initialize({ appKey: world.nuncio.appKey, naviServer: world.nuncio.url });
      const { code } = await NCEngine.connect({ token });
      await NCEngine.disconnect();
      return code;
    };
    const token = await world.nuncio.token('ada');
    expect(await connect(token)).toBe(0);
    await page.goto(appAddress('/users/ada'));
    await act('Expire tokens');
    await dialog().getByText('All tokens issued until now are void.').waitFor();
    await dialog().getByRole('button', { name: 'Expire tokens' }).click();
    await page.getByText('Those from before').waitFor();
    expect(await connect(token)).not.toBe(0);
    await act('Issue a token');
    await dialog().getByRole('button', { name: 'Issue token' }).click();
    const fresh = (await dialog().locator('code').textContent()) as string;
    await dialog().getByRole('button', { name: 'Done' }).click();
    expect(await connect(fresh)).toBe(0);
  });

  it('all that is held about a user is saved as a ZIP file, after the password was given again', async () => {
    const text = (content: string) => JSON.stringify({ content });
    for (let at = 0; at < 130; at++) {
      await world.nuncio.api('/v4/direct-channel/message/send', { fromUserId: 'ada', toUserIds: ['u4'], messageType: 'RC:TxtMsg', content: text(`${HOSTILE} ${at} 王`), includeSender: true });
    }
    await world.nuncio.api('/v4/direct-channel/message/send', { fromUserId: 'u2', toUserIds: ['u4'], messageType: 'RC:TxtMsg', content: text('of others') });
    await page.goto(appAddress('/users/ada'));
    const region = page.getByRole('region', { name: 'Data export' });
    await region.getByRole('button', { name: 'Export data' }).click();
    await region.getByText('Done', { exact: true }).waitFor();
    expect(await faults(page)).toEqual([]);
    const answer = { code: 40301, name: 'CONFIRMATION_NEEDED', errorMessage: 'give your password again', requestId: '' };
    await page.route('**/console/api/exports/download', (route) => route.fulfill({ status: 403, json: answer }), { times: 1 });
    const waiting = page.waitForEvent('download');
    await region.getByRole('button', { name: 'Download' }).click();
    await dialog().getByLabel('Password').fill(PASSWORD);
    await dialog().getByRole('button', { name: 'Confirm' }).click();
    const saved = await waiting;
    expect(saved.suggestedFilename()).toMatch(/^user-export-[0-9a-f]{16}\.zip$/);
    const files = unzip(await readFile(await saved.path()));
    const json = (name: string) => JSON.parse((files.get(`${name}.json`) as Buffer).toString()) as Record<string, unknown>;
    const list = (name: string) => json(name) as unknown as Record<string, unknown>[];
    const sections = ['activations', 'audit', 'blocklist', 'channel-settings', 'channel-tags', 'channel-type-settings', 'channels', 'friend-requests-received',
      'friend-requests-sent', 'friends', 'group-applications', 'group-favorites', 'groups', 'inbox', 'messages', 'push-devices', 'push-settings', 'read-receipts', 'subscriptions', 'tagged-channels',
      'webhook-deliveries', 'whitelist'];
    expect([...files.keys()].sort()).toEqual([...sections, 'devices', 'export', 'user'].map((name) => `${name}.json`).sort());
    expect(json('user')).toMatchObject({ userId: 'ada', name: 'ada', softDeletedAt: null });
    expect(list('friends').map(({ userId }) => userId)).toEqual(['u2']);
    expect(list('messages').map(({ content }) => content)).toEqual(Array.from({ length: 130 }, (_, at) => text(`${HOSTILE} ${at} 王`)));
    expect(list('audit').map(({ operation }) => operation)).toContain('token.expire');
    const all = [...files.values()].join('\n');
    expect(all).not.toContain('of others');
    expect(all).not.toContain(world.nuncio.appSecret);

    await page.reload();
    await row(page, 'user.export_download').waitFor();
    await region.getByRole('button', { name: 'Delete export' }).click();
    await dialog().getByRole('button', { name: 'Delete export' }).click();
    await expect.poll(() => region.getByRole('row').count(), patience).toBe(0);
  });

  it('no page complained, broke the policy, or asked another host for anything', () => {
    expect(world.complaints).toEqual([]);
    expect([...world.hosts]).toEqual(['127.0.0.1']);
  });
});
