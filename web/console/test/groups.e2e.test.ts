import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, World, faults, ready, row, visit } from './support/world.js';

const patience = { timeout: 30_000 };
const HOSTILE = '<img src=x onerror="alert(1)">';
const MEMBERS = 60;

/** One test goes on where the one before it ended, as an operator does. */
describe.skipIf(!ready)('the pages of groups in Chromium, with the real server', () => {
  const world = new World();
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    await world.start();
    context = await world.browser();
    page = await world.open(context);
    await world.enter(page);
    await world.createApp(page, 'Shop', 'Development');
    const { nuncio } = world;
    const others = Array.from({ length: MEMBERS - 1 }, (_, at) => `m${String(at + 1).padStart(2, '0')}`);
    for (const userId of ['ann', ...others]) await nuncio.api('/v4/auth/access-token/issue', { userId, name: `Name of ${userId}` });
    for (const channelId of ['tea-1', 'tea-2', 'coffee']) {
      const name = channelId === 'coffee' ? HOSTILE : `Group ${channelId}`;
      await nuncio.api('/v4/group-channel/create', { channelId, owner: 'ann', name, groupProfile: { introduction: `About ${channelId}`, portraitUrl: 'https://elsewhere.example/1.png' } });
    }
    await nuncio.api('/v4/group-channel/join', { channelId: 'tea-1', userIds: others });
    await nuncio.api('/v4/group-channel/admin/add', { channelId: 'tea-1', userIds: ['m02'] });
    await nuncio.api('/v4/user/profile/set', { userId: 'm01', userProfile: { name: 'Profile of m01' } });
    await nuncio.api('/v4/group-channel/member/set', { channelId: 'tea-1', userId: 'ann', nickname: 'Boss' });
  });
  afterAll(() => world.end());

  const dialog = () => page.getByRole('dialog');
  const members = () => page.getByRole('region', { name: /^Members/ });
  const open = (rest: string) => page.goto(world.address(`#/apps/${world.nuncio.appKey}${rest}`));
  const act = async (name: string): Promise<void> => {
    await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name, exact: true }).click();
  };
  const listed = async (): Promise<string[]> => {
    await expect.poll(() => page.getByText('Loading…').count(), patience).toBe(0);
    return page.getByRole('region', { name: 'Groups' }).locator('tbody .sub').allTextContents();
  };

  it('groups are listed, the newest first, and found by how their id begins', async () => {
    await visit(page, 'Groups');
    await expect.poll(listed, patience).toEqual(['coffee', 'tea-2', 'tea-1']);
    await row(page, 'tea-1').getByText('60', { exact: true }).waitFor();
    await row(page, 'tea-1').getByRole('link', { name: 'Boss' }).waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByLabel('Find').fill('tea');
    await page.getByLabel('Find').press('Enter');
    await expect.poll(listed, patience).toEqual(['tea-1', 'tea-2']);
    await page.reload();
    await expect.poll(listed, patience).toEqual(['tea-1', 'tea-2']);
    await page.getByLabel('Find').fill('nothing');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('No group was found.').waitFor();
  });

  it('a group\'s page shows its members page by page and by role, each under the name that the group knows', async () => {
    await open('/groups/tea-1');
    await page.getByRole('heading', { name: 'Group tea-1', level: 1 }).waitFor();
    await page.getByText('About tea-1').waitFor();
    await expect.poll(() => members().getByRole('row').count(), patience).toBe(51);
    await members().getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => members().getByRole('row').count(), patience).toBe(61);
    for (const name of ['Boss', 'Profile of m01', 'Name of m03']) await members().getByRole('link', { name, exact: true }).waitFor();
    expect(await faults(page)).toEqual([]);
    for (const [choice, name] of [['Admins', 'Name of m02'], ['The owner', 'Boss']] as const) {
      await members().getByLabel('Show').selectOption(choice);
      await expect.poll(() => members().locator('tbody th a').allTextContents(), patience).toEqual([name]);
    }
    expect(await members().getByRole('button', { name: 'Remove Boss' }).count()).toBe(0);
  });

  it('members are muted, unmuted and removed', async () => {
    // The page as it is when one comes to it: with members of all roles.
    await page.reload();
    const mute = members().getByRole('button', { name: 'Mute Name of m03', exact: true });
    await mute.click();
    await dialog().getByLabel('For how long').selectOption('Until unmuted');
    await dialog().getByRole('button', { name: 'Mute' }).click();
    await row(page, 'Name of m03').getByText('until unmuted').waitFor();
    expect(JSON.stringify(await world.nuncio.api('/v4/group-channel/user/mute-list/get', { channelId: 'tea-1' }))).toContain('"m03"');
    await members().getByRole('button', { name: 'Unmute Name of m03' }).click();
    await dialog().getByRole('button', { name: 'Unmute' }).click();
    await mute.waitFor();
    await members().getByRole('button', { name: 'Remove Name of m03' }).click();
    await dialog().getByText('The user is no member any more').waitFor();
    await dialog().getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('heading', { name: 'Members: 59' }).waitFor();
  });

  it('a group is frozen, unfrozen, and dismissed after the password was given again', async () => {
    await open('/groups/tea-1');
    await act('Freeze');
    await dialog().getByRole('button', { name: 'Freeze' }).click();
    await page.locator('.head').getByText('Frozen').waitFor();
    await act('Unfreeze');
    await dialog().getByRole('button', { name: 'Unfreeze' }).click();
    await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Freeze', exact: true }).waitFor();
    await open('/groups/coffee');
    await page.getByRole('heading', { name: HOSTILE, level: 1 }).waitFor();
    const answer = { code: 40301, name: 'CONFIRMATION_NEEDED', errorMessage: 'give your password again', requestId: '' };
    await page.route('**/console/api/groups/dismiss', (route) => route.fulfill({ status: 403, json: answer }), { times: 1 });
    await act('Dismiss');
    await dialog().getByRole('button', { name: 'Dismiss' }).click();
    await dialog().getByLabel('Password').fill(PASSWORD);
    await dialog().getByRole('button', { name: 'Confirm' }).click();
    await expect.poll(listed, patience).toEqual(['tea-2', 'tea-1']);
  });

  it('a user\'s page shows the groups, and the audit trail who did what to which user, with names', async () => {
    await open('/users/ann');
    const groups = page.getByRole('region', { name: 'Groups' });
    await expect.poll(() => groups.locator('tbody th a').allTextContents(), patience).toEqual(['Group tea-2', 'Group tea-1']);
    await groups.getByRole('cell', { name: 'Owner' }).first().waitFor();
    expect(await faults(page)).toEqual([]);
    await open('/users/m03');
    await page.getByText('The user is in no group.').waitFor();
    await open('/users/m01');
    await page.getByRole('heading', { name: 'Profile of m01', level: 1 }).waitFor();
    await open('/audit?action=group.&operator=ada');
    for (const action of ['group.mute', 'group.unmute', 'group.leave']) await row(page, action).getByText('Name of m03').waitFor();
    for (const action of ['group.freeze', 'group.dismiss']) await row(page, action).first().waitFor();
  });

  it('on a phone all of it is in reach, with the keyboard too', async () => {
    const phone = await world.browser({ viewport: { width: 390, height: 760 }, colorScheme: 'dark', storageState: await context.storageState() });
    const shown = await world.open(phone, world.address(`#/apps/${world.nuncio.appKey}/groups/tea-1`));
    await shown.getByRole('button', { name: 'Mute Name of m01' }).or(shown.getByRole('button', { name: 'Mute Profile of m01' })).waitFor();
    expect(await shown.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await faults(shown)).toEqual([]);
    await shown.getByRole('button', { name: 'Freeze' }).focus();
    await shown.keyboard.press('Enter');
    await shown.getByRole('dialog').waitFor();
    await shown.keyboard.press('Escape');
    await expect.poll(() => shown.getByRole('dialog').count(), patience).toBe(0);
    await phone.close();
  });

  it('no page complained, broke the policy, or asked another host for anything', () => {
    expect(world.complaints).toEqual([]);
    expect([...world.hosts]).toEqual(['127.0.0.1']);
  });
});
