import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, World, faults, ready, row, visit } from './support/world.js';

const patience = { timeout: 30_000 };
const NEW_PASSWORD = 'another sentence is good too';

/** One test goes on where the one before it ended, as operators do. */
describe.skipIf(!ready)('operators and their accounts in Chromium, with the real server', () => {
  const world = new World();
  let context: BrowserContext;
  let page: Page;
  let grace: Page;

  beforeAll(async () => {
    await world.start();
    context = await world.browser();
    page = await world.open(context);
    await world.enter(page);
    await world.createApp(page, 'Shop', 'Development');
    await world.nuncio.api('/v4/auth/access-token/issue', { userId: 'u1', name: 'Ada' });
  });
  afterAll(() => world.end());

  const dialog = () => page.getByRole('dialog');
  const signIn = async (tab: Page, name: string, password: string): Promise<void> => {
    await tab.getByLabel('Name').fill(name);
    await tab.getByLabel('Password').fill(password);
    await tab.getByRole('button', { name: 'Sign in' }).click();
  };
  const choose = async (tab: Page, password: string): Promise<void> => {
    await tab.getByLabel('Password', { exact: true }).fill(password);
    await tab.getByLabel('Password, once more').fill(password);
    await tab.getByRole('button', { name: 'Set password and sign in' }).click();
  };
  const theLink = async (): Promise<string> => {
    await dialog().getByText('The link for grace').waitFor();
    const link = (await dialog().locator('code').textContent()) as string;
    await dialog().getByRole('button', { name: 'Done' }).click();
    return link;
  };

  it('the page of a one-time link has no serious fault for axe, in light and dark, on a desk and on a phone', async () => {
    await visit(page, 'Operators');
    await page.getByRole('button', { name: 'Invite an operator' }).click();
    await dialog().getByLabel('Name').fill('grace');
    await dialog().getByLabel('On “Shop”').selectOption('Viewer');
    await dialog().getByRole('button', { name: 'Make a link' }).click();
    const link = await theLink();
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1100, 390]) {
        const fresh = await world.browser({ colorScheme, viewport: { width, height: 800 } });
        for (const [place, heading] of [[link, 'Welcome, grace'], [`${link}x`, 'One-time link']] as const) {
          const shown = await world.open(fresh, place);
          await shown.getByRole('heading', { name: heading }).waitFor();
          expect([colorScheme, width, ...(await faults(shown))]).toEqual([colorScheme, width]);
          expect(await shown.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
        }
        await fresh.close();
      }
    }
    grace = await world.open(await world.browser(), link);
    await choose(grace, PASSWORD);
    await grace.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
  });

  it('roles are changed, and hold for who is signed in already', async () => {
    await grace.goto(world.address(`#/apps/${world.nuncio.appKey}/users/u1`));
    await grace.getByRole('heading', { name: 'Ada', level: 1 }).waitFor();
    expect(await grace.getByRole('group', { name: 'Actions' }).count()).toBe(0);
    const setRole = async (role: string): Promise<void> => {
      await page.getByRole('button', { name: 'Roles: grace' }).click();
      await dialog().getByLabel('On “Shop”').selectOption(role);
      await dialog().getByRole('button', { name: 'Set roles' }).click();
      await page.getByText('The roles of grace are set.').last().waitFor();
    };
    await setRole('Support');
    await row(page, 'grace').getByText('Support, Shop').waitFor();
    await grace.reload();
    await grace.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Mute' }).waitFor();
    expect(await grace.getByRole('region', { name: 'Data export' }).count()).toBe(0);
    await setRole('Developer');
    await grace.reload();
    await grace.getByRole('region', { name: 'Data export' }).waitFor();
    // Who shall have no role at all is to be removed.
    await page.getByRole('button', { name: 'Roles: grace' }).click();
    await dialog().getByLabel('On “Shop”').selectOption('None');
    await dialog().getByRole('button', { name: 'Set roles' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'remove who shall have no role' }).waitFor();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await setRole('Viewer');
    await row(page, 'grace').getByText('Viewer, Shop').waitFor();
    await grace.reload();
    await grace.getByRole('heading', { name: 'Ada', level: 1 }).waitFor();
    expect(await grace.getByRole('region', { name: 'Data export' }).count()).toBe(0);
  });

  it('the password is changed, and the old one is good no more', async () => {
    await grace.goto(world.address('#/account'));
    await grace.getByLabel('Password now').fill('not the sentence');
    await grace.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD);
    await grace.getByLabel('New password, once more').fill('something else here');
    await grace.getByRole('button', { name: 'Change password' }).click();
    await grace.getByText('The two new passwords are not the same.').waitFor();
    await grace.getByLabel('New password, once more').fill(NEW_PASSWORD);
    await grace.getByRole('button', { name: 'Change password' }).click();
    await grace.getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
    await grace.getByLabel('Password now').fill(PASSWORD);
    await grace.getByRole('button', { name: 'Change password' }).click();
    await grace.getByText('The password is changed.').waitFor();
    expect(await faults(grace)).toEqual([]);
    await grace.getByRole('button', { name: 'Sign out' }).click();
    await signIn(grace, 'grace', PASSWORD);
    await grace.getByRole('alert').filter({ hasText: /\w/ }).first().waitFor();
    await signIn(grace, 'grace', NEW_PASSWORD);
    await grace.getByRole('heading', { name: 'Account', level: 1 }).waitFor();
  });

  it('other sessions are seen and ended, one of them or all', async () => {
    const elsewhere = async (userAgent: string): Promise<Page> => {
      const tab = await world.open(await world.browser({ userAgent }));
      await signIn(tab, 'grace', NEW_PASSWORD);
      await tab.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
      return tab;
    };
    const tabs = [await elsewhere('Browser One'), await elsewhere('Browser Two'), await elsewhere('<b>Three</b>')];
    await grace.reload();
    const sessions = grace.getByRole('region', { name: 'Where you are signed in' });
    await expect.poll(() => sessions.getByRole('row').count(), patience).toBe(5);
    await sessions.getByRole('button', { name: 'End the session of Browser One' }).click();
    await grace.getByText('That session is over.').waitFor();
    await expect.poll(() => sessions.getByRole('row').count(), patience).toBe(4);
    const [one, two, three] = tabs as [Page, Page, Page];
    await one.reload();
    await one.getByRole('heading', { name: 'Sign in' }).waitFor();
    await two.reload();
    await two.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
    await sessions.getByRole('button', { name: 'End all others' }).click();
    await grace.getByText('All others are signed out.').waitFor();
    await expect.poll(() => sessions.getByRole('row').count(), patience).toBe(2);
    for (const tab of [two, three]) {
      await tab.reload();
      await tab.getByRole('heading', { name: 'Sign in' }).waitFor();
    }
    await Promise.all(tabs.map((tab) => tab.context().close()));
  });

  it('a new link voids password and sessions, and lets the operator choose anew', async () => {
    await page.getByRole('button', { name: 'New link: grace' }).click();
    await dialog().getByRole('button', { name: 'Make a link' }).click();
    const first = await theLink();
    await row(page, 'grace').getByText('Link is out').waitFor();
    await grace.reload();
    await grace.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(grace, 'grace', NEW_PASSWORD);
    await grace.getByRole('alert').filter({ hasText: /\w/ }).first().waitFor();
    // A newer link voids the one before.
    await page.getByRole('button', { name: 'New link: grace' }).click();
    await dialog().getByRole('button', { name: 'Make a link' }).click();
    const second = await theLink();
    const other = await world.open(await world.browser(), first);
    await other.getByRole('alert').filter({ hasText: 'link' }).waitFor();
    await other.goto(second);
    await other.reload();
    await choose(other, PASSWORD);
    await other.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
    await other.context().close();
    await page.reload();
    await row(page, 'grace').getByText('Active').waitFor();
    await visit(page, 'Console audit');
    await row(page, 'operator.').first().waitFor();
  });

  it('every dialog has no serious fault for axe, in light on a desk and in dark on a phone', { timeout: 300_000 }, async () => {
    await world.nuncio.api('/v4/auth/access-token/issue', { userId: 'u2', name: 'Soft' });
    await world.nuncio.api('/v4/user/soft-delete', { userIds: ['u2'] });
    await world.nuncio.api('/v4/user/ban', { userIds: ['u1'], durationMinutes: 10 });
    await world.nuncio.api('/v4/auth/access-token/issue', { userId: 'u3', name: 'Free' });
    const app = `#/apps/${world.nuncio.appKey}`;
    // Where each is opened, and by which button.
    const dialogs: readonly (readonly [string, string | RegExp])[] = [
      ['#/', 'New app'],
      [app, 'Rename'], [app, 'Change edition'], [app, 'Lock app'], [app, 'Make a new secret'], [app, 'Delete app'],
      [`${app}/users`, 'Register a user'],
      [`${app}/users/u3`, 'Issue a token'], [`${app}/users/u3`, 'Expire tokens'], [`${app}/users/u3`, 'Mute'], [`${app}/users/u3`, 'Ban'],
      [`${app}/users/u3`, 'Soft-delete'], [`${app}/users/u3`, 'Delete for good'],
      [`${app}/users/u1`, 'Unban'], [`${app}/users/u2`, 'Restore'],
      [`${app}/webhooks`, 'Add a webhook'],
      ['#/operators', 'Invite an operator'], ['#/operators', 'Roles: grace'], ['#/operators', 'New link: grace'], ['#/operators', 'Remove: grace'],
      ['#/account', 'Switch on'],
    ];
    const storageState = await context.storageState();
    for (const [colorScheme, width] of [['light', 1100], ['dark', 390]] as const) {
      const fresh = await world.browser({ colorScheme, viewport: { width, height: 800 }, storageState });
      for (const [place, name] of dialogs) {
        const shown = await world.open(fresh, world.address(place));
        await shown.getByRole('button', { name, exact: true }).click();
        const box = shown.getByRole('dialog');
        await box.waitFor();
        expect([place, name, width, ...(await faults(shown))]).toEqual([place, name, width]);
        // Nothing of it is out of reach, and the way back works by keyboard.
        expect([name, await box.evaluate((element) => element.scrollWidth > element.clientWidth)]).toEqual([name, false]);
        await shown.keyboard.press('Escape');
        await expect.poll(() => box.count(), patience).toBe(0);
        await shown.close();
      }
      // The API explorer, with an operation chosen and an answer.
      const explorer = await world.open(fresh, world.address(`${app}/explorer?path=%2Fv4%2Fuser%2Fget`));
      await explorer.getByText('POST /v4/user/get', { exact: true }).waitFor();
      await explorer.getByRole('button', { name: 'Sign and send' }).click();
      await explorer.getByText(/HTTP \d+/).waitFor();
      expect(['explorer', width, ...(await faults(explorer))]).toEqual(['explorer', width]);
      expect(await explorer.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
      await fresh.close();
    }
  });

  it('no page complained, broke the policy, or asked another host for anything', () => {
    expect(world.complaints).toEqual([]);
    expect([...world.hosts]).toEqual(['127.0.0.1']);
  });
});
