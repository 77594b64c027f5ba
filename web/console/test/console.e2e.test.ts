import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, World, faults, fillRegistration, ready, register, row, totp, visit } from './support/world.js';

const patience = { timeout: 30_000 };
const HOSTILE = '<img src=x onerror="alert(1)"><b>Mallory</b>';

/** One test goes on where the one before it ended, as an operator does. */
describe.skipIf(!ready)('the console in Chromium, with the real server', () => {
  const world = new World();
  let context: BrowserContext;
  let page: Page;
  let devKey = '';

  beforeAll(async () => {
    await world.start();
    context = await world.browser();
    page = await world.open(context);
  });
  afterAll(() => world.end());

  const dialog = () => page.getByRole('dialog');
  const act = async (name: string): Promise<void> => {
    await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name, exact: true }).click();
  };
  const appAddress = (rest = '') => world.address(`#/apps/${world.nuncio.appKey}${rest}`);
  /** Fills the app up to its limit, less what is registered already. */
  const fill = async (from: number): Promise<void> => {
    for (let at = from; at <= 100; at += 10) {
      await Promise.all(Array.from({ length: Math.min(10, 101 - at) }, (_, more) => world.nuncio.token(`user-${at + more}`)));
    }
  };

  it('the first owner comes in by the link once, and signs in with the password from then on', async () => {
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    const link = await world.firstOwnerLink();
    await page.goto(link);
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('Password, once more').fill('another sentence');
    await page.getByRole('button', { name: 'Set password and sign in' }).click();
    await page.getByText('The two passwords are not the same.').waitFor();
    await page.getByLabel('Password, once more').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set password and sign in' }).click();
    await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
    expect(page.url()).not.toContain('link');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill('not the sentence');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: /\w/ }).first().waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();

    const stranger = await world.open(await world.browser(), link);
    await stranger.getByRole('alert').filter({ hasText: 'link' }).waitFor();
    expect(await stranger.getByRole('button', { name: 'Set password and sign in' }).count()).toBe(0);
    await stranger.context().close();
  });

  it('a development app is made, and its 101st user refused', async () => {
    await world.createApp(page, 'Shop, development', 'Development');
    devKey = world.nuncio.appKey;
    await page.getByText('of 100 registered users').waitFor();
    await visit(page, 'Users');
    await register(page, 'mallory', HOSTILE);
    await fill(2);
    await fillRegistration(page, 'one-too-many', 'Too many');
    await dialog().getByRole('alert').filter({ hasText: '100' }).waitFor();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await visit(page, 'Overview');
    await page.getByText('The limit is reached').waitFor();
    expect(await page.getByRole('progressbar').getAttribute('max')).toBe('100');
  });

  it('users are listed page by page and found by their id, at addresses that can be kept', async () => {
    await visit(page, 'Users');
    await expect.poll(() => page.getByRole('row').count(), patience).toBe(51);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => page.getByRole('row').count(), patience).toBe(101);
    await page.getByLabel('Find').fill('user-99');
    await page.getByLabel('Find').press('Enter');
    await expect.poll(() => page.getByRole('row').count(), patience).toBe(2);
    expect(page.url()).toContain('query=user-99');
    await page.reload();
    await row(page, 'user-99').waitFor();
    expect(await page.getByLabel('Find').inputValue()).toBe('user-99');
    await page.goBack();
    await expect.poll(() => page.getByRole('row').count(), patience).toBe(51);
  });

  it('a name that is markup stays text', async () => {
    await page.goto(appAddress('/users?query=mallory'));
    await page.getByRole('link', { name: HOSTILE }).click();
    await page.getByRole('heading', { name: HOSTILE, level: 1 }).waitFor();
    expect(await page.locator('main img, main b').count()).toBe(0);
    await act('Mute');
    await dialog().getByText(HOSTILE).first().waitFor();
    await dialog().getByRole('button', { name: 'Mute' }).click();
    await page.getByText('No, muted').waitFor();
  });

  /** That the chart's table has a login, in whatever minute it was. */
  const aLoginIsCounted = async (): Promise<void> => {
    const chart = page.locator('console-chart').filter({ has: page.getByRole('heading', { name: 'Logins by outcome' }) });
    if ((await chart.locator('details[open]').count()) === 0) await chart.getByText('As a table').click();
    const logins = async (): Promise<number> => {
      const column = (await chart.getByRole('columnheader').allInnerTexts()).indexOf('OK');
      const rows = await chart.locator('tbody tr').all();
      const counts = await Promise.all(rows.map((each) => each.locator('th, td').nth(column).innerText()));
      return column < 0 ? 0 : counts.reduce((sum, count) => sum + (Number(count.replace(/\D/g, '')) || 0), 0);
    };
    await expect.poll(logins, patience).toBeGreaterThanOrEqual(1);
  };

  it('the overview shows what happens, in figures that screen readers have too', async () => {
    const { NCEngine } = await import('@nuncio/chat');
    NCEngine.initialize({ appKey: world.nuncio.appKey, naviServer: world.nuncio.url });
    await NCEngine.connect({ token: await world.nuncio.token('user-9') });
    await page.goto(appAddress());
    const online = page.getByRole('img', { name: /^Users online.*Online 1$/ });
    await online.waitFor();
    await aLoginIsCounted();
    await page.getByRole('button', { name: 'Live' }).click();
    await expect.poll(() => page.url(), patience).toContain('span=live');
    await online.waitFor();
    await NCEngine.disconnect();
    // Drawn anew by itself.
    await page.getByRole('img', { name: /^Users online.*Online 0$/ }).waitFor();
    const calls = page.locator('console-chart').filter({ hasText: 'Server API calls by code' });
    await calls.getByText('As a table').click();
    await calls.getByRole('columnheader', { name: 'OK' }).waitFor();
    for (const span of ['Day', 'Month', 'Hour']) {
      await page.getByRole('button', { name: span }).click();
      await aLoginIsCounted();
    }
    expect(await faults(page)).toEqual([]);
  });

  it('the explorer sends any operation with an example that fits, and the trail names the operator', async () => {
    await visit(page, 'API explorer');
    await page.getByLabel('Operation').selectOption('/v4/user/get');
    await page.getByText('POST /v4/user/get', { exact: true }).waitFor();
    await page.getByLabel('Body, JSON').fill('{ "userId": ');
    await page.getByRole('button', { name: 'Sign and send' }).click();
    await page.getByText('The body is not JSON').waitFor();
    await page.getByRole('button', { name: 'Example again' }).click();
    expect(JSON.parse(await page.getByLabel('Body, JSON').inputValue())).toEqual({ userId: 'alice' });
    await page.getByLabel('Body, JSON').fill('{ "userId": "mallory" }');
    await page.getByRole('button', { name: 'Sign and send' }).click();
    await page.getByText('HTTP 200').waitFor();
    await page.getByRole('region', { name: 'Body of the answer' }).getByText('onerror').waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.getByRole('region', { name: 'curl' }).textContent()).toContain(world.nuncio.url);
    await page.goto(appAddress('/explorer?path=%2Fv4%2Fuser%2Fban'));
    expect(await faults(page)).toEqual([]);
  });

  it('the switch for friends alone refuses strangers\' messages as soon as it is saved', async () => {
    const { DirectChannel, NCEngine, SendTextMessageParams } = await import('@nuncio/chat');
    NCEngine.initialize({ appKey: devKey, naviServer: world.nuncio.url });
    await NCEngine.connect({ token: await world.nuncio.token('user-3') });
    const send = async () => (await new DirectChannel('user-4').sendMessage(new SendTextMessageParams({ text: 'Hello' }))).code;
    const before = await send();
    await visit(page, 'Features');
    const only = page.getByLabel('Only friends can message');
    await only.check();
    await page.getByLabel('Devices per user').fill('0');
    await page.getByRole('button', { name: 'Save 2 changes' }).click();
    await page.getByText('must be a whole number from 1 to 100').waitFor();
    expect(await send()).toBe(before);
    await page.getByLabel('Devices per user').fill('3');
    await page.getByRole('button', { name: 'Save 2 changes' }).click();
    await page.getByText('Saved, and in force.').waitFor();
    expect(await send()).toBe(40321);
    await NCEngine.disconnect();
    await page.reload();
    await expect.poll(() => only.isChecked(), patience).toBe(true);
    expect(await page.getByLabel('Devices per user').inputValue()).toBe('3');
  });

  it('a user is banned with a reason and unbanned, soft-deleted and restored, and all of it is written down', async () => {
    await page.goto(appAddress('/users/user-7'));
    await act('Ban');
    await dialog().getByLabel('For how long').selectOption('Another number of minutes');
    await dialog().getByLabel('Minutes').fill('90');
    await dialog().getByLabel('Reason').fill('Sends <i>spam</i>');
    await dialog().getByRole('button', { name: 'Ban', exact: true }).click();
    await page.getByText('because: Sends <i>spam</i>').waitFor();
    expect(JSON.stringify(await world.nuncio.api('/v4/user/ban/list', {}))).toContain('user-7');
    await act('Unban');
    await dialog().getByRole('button', { name: 'Unban' }).click();
    await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Ban', exact: true }).waitFor();
    await act('Soft-delete');
    await dialog().getByRole('button', { name: 'Soft-delete' }).click();
    await act('Restore');
    await dialog().getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Soft-delete' }).waitFor();
    await page.getByRole('link', { name: 'All in the audit trail' }).click();
    await expect.poll(() => row(page, 'user.ban').count(), patience).toBeGreaterThan(0);
    expect(await row(page, 'user.ban').first().textContent()).toContain('ada');
    await page.getByRole('button', { name: 'Check the chains' }).click();
    await page.getByText('are whole').waitFor();
  });

  it('the trail is narrowed down by what was done and when, and saved as JSON lines', async () => {
    await page.goto(appAddress('/audit'));
    await row(page, 'user.').first().waitFor();
    await page.getByLabel('What').fill('user.unban');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect.poll(() => page.url(), patience).toContain('action=user.unban');
    await row(page, 'user.unban').first().waitFor();
    expect(await row(page, 'user.ban').count()).toBe(0);
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export as JSON lines' }).click();
    const saved = await waiting;
    expect(saved.suggestedFilename()).toBe(`audit-${world.nuncio.appKey}.jsonl`);
    const lines = (await readFile(await saved.path(), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as { operation: string; actorName: string });
    expect(lines.map(({ operation, actorName }) => [operation, actorName])).toEqual([['user.unban', 'ada']]);
    await page.getByLabel('From').fill('2040-01-01T00:00');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('Nothing was written down yet.').waitFor();
    await visit(page, 'Console audit');
    await row(page, 'operator.sign_in_failed').first().waitFor();
    await row(page, 'operator.sign_in').first().waitFor();
  });

  it('an app is locked and unlocked, and deleted by whoever types its name', async () => {
    const { appKey, appSecret } = world.nuncio;
    await world.createApp(page, 'Doomed <b>app</b>', 'Production');
    await world.nuncio.token('last-one');
    await page.getByRole('button', { name: 'Lock app', exact: true }).click();
    await dialog().getByRole('button', { name: 'Lock app', exact: true }).click();
    await page.getByText('This app is locked').waitFor();
    await expect(world.nuncio.token('last-one')).rejects.toThrow();
    await page.getByRole('button', { name: 'Unlock app', exact: true }).click();
    await dialog().getByRole('button', { name: 'Unlock app', exact: true }).click();
    await page.getByRole('button', { name: 'Lock app', exact: true }).waitFor();
    await world.nuncio.token('last-one');
    await page.getByRole('button', { name: 'Delete app' }).click();
    await dialog().getByLabel('name, to be sure').fill('Doomed app');
    await dialog().getByRole('button', { name: 'Delete app' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'name' }).waitFor();
    expect(await faults(page)).toEqual([]);
    await dialog().getByLabel('name, to be sure').fill('Doomed <b>app</b>');
    await dialog().getByRole('button', { name: 'Delete app' }).click();
    await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
    await expect.poll(() => row(page, 'Doomed').count(), patience).toBe(0);
    await expect(world.nuncio.token('last-one')).rejects.toThrow();
    await visit(page, 'Console audit');
    await row(page, 'app.delete').getByText('ada').waitFor();
    Object.assign(world.nuncio, { appKey, appSecret });
  });

  it('a test user is deleted for good, which makes room for another', async () => {
    await page.goto(appAddress('/users/user-8'));
    await act('Delete for good');
    await dialog().getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText('user-8 is deleted.').waitFor();
    await page.getByRole('heading', { name: 'Users', level: 1 }).waitFor();
    await register(page, 'in-their-place', 'In their place');
    await row(page, 'in-their-place').waitFor();
  });

  it('the edition lifts the limit in production, where nobody is deleted', async () => {
    await world.createApp(page, 'Shop', 'Production');
    await fill(1);
    await visit(page, 'Users');
    await fillRegistration(page, 'hundred-and-first', 'Grace');
    await dialog().getByRole('alert').filter({ hasText: '100' }).waitFor();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await visit(page, 'Overview');
    await page.getByRole('button', { name: 'Change edition' }).click();
    await dialog().getByLabel('Edition').selectOption('Flagship');
    await dialog().getByText('as many users as there are').waitFor();
    await dialog().getByRole('button', { name: 'Change edition' }).click();
    await page.getByText('without a limit').waitFor();
    await visit(page, 'Users');
    await register(page, 'hundred-and-first', 'Grace');
    await row(page, 'hundred-and-first').getByRole('link').click();
    await page.getByRole('group', { name: 'Actions' }).waitFor();
    expect(await page.getByRole('button', { name: 'Delete for good' }).count()).toBe(0);
    const refused = await page.evaluate(async (appKey) => {
      const headers = { 'Content-Type': 'application/json', 'Nuncio-Console': '1' };
      const body = JSON.stringify({ appKey, userIds: ['hundred-and-first'] });
      const answer = await fetch('/console/api/users/delete', { method: 'POST', headers, body });
      return [answer.status, ((await answer.json()) as { name: string }).name];
    }, world.nuncio.appKey);
    expect(refused).toEqual([401, 'NOT_ALLOWED_FOR_APP']);
  });

  it('users are imported from a file, looked through first, with what became of each row', async () => {
    await visit(page, 'Import');
    const rows = Array.from({ length: 3000 }, (_, at) => `imported-${at},Imported 王 ${at}`).join('\n');
    const buffer = Buffer.from(`userId,name\n${rows}\nno such id,<img src=x onerror=alert(1)>\n<script> alert(1) </script>,X\n`);
    await page.getByLabel('CSV (.csv) or JSON lines').setInputFiles({ name: '<b>users</b>.csv', mimeType: 'text/csv', buffer });
    await page.getByText('3,000 new, 0 registered already, 2 faulty').waitFor();
    await page.getByLabel('Rows', { exact: true }).selectOption('Faulty');
    await row(page, '<script> alert(1) </script>').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Import 3,000 rows' }).click();
    await dialog().getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('3,000 registered, 0 updated, 2 faulty').waitFor();
    await page.getByRole('heading', { name: /: Done$/ }).waitFor();
    const waiting = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save what became of each row' }).click();
    const lines = (await readFile(await (await waiting).path(), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(3002);
    expect(JSON.parse(lines[2999] as string)).toEqual({ row: 3000, userId: 'imported-2999', outcome: 'registered' });
    await page.goto(appAddress('/users?query=imported-2999'));
    await row(page, 'Imported 王 2999').waitFor();
  });

  it('settings are promoted to production after a look at what changes', async () => {
    await page.goto(world.address(`#/apps/${devKey}`));
    await page.getByRole('button', { name: 'Promote settings' }).click();
    await dialog().getByRole('button', { name: 'See what changes' }).click();
    await dialog().getByText('Only friends can message: off → on').waitFor();
    await dialog().getByRole('button', { name: 'Change 2 settings' }).click();
    await expect.poll(() => dialog().count(), patience).toBe(0);
    await page.getByLabel('App', { exact: true }).selectOption('Shop');
    await visit(page, 'Features');
    await expect.poll(() => page.getByLabel('Only friends can message').isChecked(), patience).toBe(true);
  });

  it('a connected device is seen and disconnected', async () => {
    const token = await world.nuncio.token('user-5');
    const { NCEngine, ConnectionStatus } = await import('@nuncio/chat');
    NCEngine.initialize({ appKey: world.nuncio.appKey, naviServer: world.nuncio.url });
    await NCEngine.connect({ token });
    expect(NCEngine.getConnectionStatus()).toBe(ConnectionStatus.CONNECTED);
    await page.goto(appAddress('/users/user-5'));
    await page.getByRole('button', { name: /^Disconnect (?!all)/ }).click();
    await page.getByText('The connection is closed.').waitFor();
    await NCEngine.disconnect();
  });

  it('the secret is shown when the password was given again, and replaced', async () => {
    await page.goto(appAddress());
    // What the server answers 10 minutes after the password was given, which is too long to wait for.
    const answer = { code: 40301, name: 'CONFIRMATION_NEEDED', errorMessage: 'give your password again', requestId: '' };
    await page.route('**/console/api/apps/secret', (route) => route.fulfill({ status: 403, json: answer }), { times: 1 });
    await page.getByRole('button', { name: 'Show' }).click();
    await dialog().getByLabel('Password').fill('not the sentence');
    await dialog().getByRole('button', { name: 'Confirm' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
    await dialog().getByLabel('Password').fill(PASSWORD);
    await dialog().getByRole('button', { name: 'Confirm' }).click();
    await page.getByText(world.nuncio.appSecret).waitFor();
    await page.getByRole('button', { name: 'Hide' }).click();
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    await dialog().getByText('All tokens are void').waitFor();
    await dialog().getByRole('button', { name: 'Make a new secret' }).click();
    await dialog().getByText('The new App Secret').waitFor();
    const secret = (await dialog().locator('code').last().textContent()) as string;
    expect(secret).not.toBe(world.nuncio.appSecret);
    await dialog().getByRole('button', { name: 'Done' }).click();
    world.nuncio.appSecret = secret;
    await world.nuncio.token('user-6');
  });

  it('an operator is invited with a role on one app, sees that one, and what the role allows', async () => {
    await visit(page, 'Operators');
    await page.getByRole('button', { name: 'Invite an operator' }).click();
    await dialog().getByLabel('Name').fill('grace');
    await dialog().getByLabel('On “Shop”').selectOption('Viewer');
    await dialog().getByRole('button', { name: 'Make a link' }).click();
    await dialog().getByText('The link for grace').waitFor();
    const link = (await dialog().locator('code').textContent()) as string;
    await dialog().getByRole('button', { name: 'Done' }).click();
    await row(page, 'grace').getByText('Link is out').waitFor();

    const other = await world.open(await world.browser(), link);
    await other.getByRole('heading', { name: 'Welcome, grace' }).waitFor();
    await other.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await other.getByLabel('Password, once more').fill(PASSWORD);
    await other.getByRole('button', { name: 'Set password and sign in' }).click();
    await other.getByRole('link', { name: 'Shop', exact: true }).click();
    await other.getByRole('heading', { name: 'Shop', level: 1 }).waitFor();
    expect(await other.getByRole('button', { name: /^(Show|Rename|Lock app|Change edition|Make a new secret)$/ }).count()).toBe(0);
    await other.goto(world.address(`#/apps/${devKey}`));
    await other.getByText('There is no such app, or you have no role on it.').waitFor();

    await page.getByRole('button', { name: 'Remove: grace' }).click();
    await dialog().getByRole('button', { name: 'Remove' }).click();
    await page.getByText('grace is removed.').waitFor();
    await other.goto(world.address('#/account'));
    await other.reload();
    await other.getByRole('heading', { name: 'Sign in' }).waitFor();
    await other.context().close();
  });

  it('with a second factor, signing in takes a code too', async () => {
    await visit(page, 'Account');
    await page.getByRole('button', { name: 'Switch on' }).click();
    await dialog().getByRole('img', { name: 'The key as a QR code' }).waitFor();
    const secret = (await dialog().locator('code').textContent()) as string;
    await dialog().getByRole('textbox', { name: 'Code' }).fill(totp(secret));
    await dialog().getByRole('button', { name: 'Switch on' }).click();
    await dialog().getByText('Your recovery codes').waitFor();
    const codes = ((await dialog().locator('code').textContent()) as string).split(' ');
    expect(codes).toHaveLength(10);
    await dialog().getByRole('button', { name: 'I have kept them' }).click();
    await page.getByText('10 recovery codes left').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Name').fill('ada');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Code').fill(codes[0] as string);
    await page.getByRole('button', { name: 'Sign in' }).click();
    // The address was kept.
    await page.getByText('9 recovery codes left').waitFor();
    await page.getByRole('button', { name: 'Switch off' }).click();
    await dialog().getByRole('button', { name: 'Switch off' }).click();
    await page.getByRole('button', { name: 'Switch on' }).waitFor();
  });

  it('has no serious fault for axe, in light and dark, on a desk and on a phone', { timeout: 400_000 }, async () => {
    const places = ['', `#/apps/${devKey}`, `#/apps/${devKey}/users`, `#/apps/${devKey}/users/user-7`, `#/apps/${devKey}/settings`,
      `#/apps/${devKey}/explorer`, `#/apps/${devKey}/imports`,
      `#/apps/${devKey}/audit`, '#/audit', '#/operators', '#/account', '#/nowhere'];
    const storageState = await context.storageState();
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1100, 390]) {
        const fresh = await world.browser({ colorScheme, viewport: { width, height: 800 }, storageState });
        for (const place of places) {
          const shown = await world.open(fresh, world.address(place));
          await shown.getByRole('heading', { level: 1 }).waitFor();
          await expect.poll(() => shown.getByText('Loading…').count(), patience).toBe(0);
          expect([place, colorScheme, width, ...(await faults(shown))]).toEqual([place, colorScheme, width]);
          expect([place, width, await shown.evaluate(() => document.documentElement.scrollWidth > innerWidth)]).toEqual([place, width, false]);
          await shown.close();
        }
        const outside = await world.browser({ colorScheme, viewport: { width, height: 800 } });
        const signIn = await world.open(outside);
        await signIn.getByRole('heading', { name: 'Sign in' }).waitFor();
        expect(await faults(signIn)).toEqual([]);
        await Promise.all([outside.close(), fresh.close()]);
      }
    }
  });

  it('the chosen colours stay after a reload', async () => {
    const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    await page.getByRole('button', { name: 'Dark', exact: true }).click();
    expect(await scheme()).toBe('dark');
    await page.reload();
    await page.getByRole('button', { name: 'Light', exact: true }).waitFor();
    expect(await scheme()).toBe('dark');
  });

  it('no page complained, broke the policy, or asked another host for anything', () => {
    expect(world.complaints).toEqual([]);
    expect([...world.hosts]).toEqual(['127.0.0.1']);
  });
});
