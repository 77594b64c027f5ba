import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World, ready, say, writeTo } from './support/world.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const patience = { timeout: 30_000 };
const poll = <T>(ask: () => Promise<T>) => expect.poll(ask, patience);

/** What axe finds that is serious or worse. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axe, 'utf8'));
  return page.evaluate(async () => {
    interface Found { violations: { id: string; impact: string; nodes: { target: unknown }[] }[] }
    const { violations } = await (window as unknown as { axe: { run: () => Promise<Found> } }).axe.run();
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${JSON.stringify(target)}`));
  });
}

describe.skipIf(!ready)('what users set for themselves, in Chromium, with the real server', () => {
  const world = new World();
  beforeAll(() => world.start());
  afterAll(() => world.end());

  const names = (page: Page): Promise<string[]> => page.locator('nuncio-channel-list .row .name').allTextContents();
  const chips = (page: Page) => page.locator('nuncio-channel-list').getByRole('group', { name: 'Tags' });
  const editor = (page: Page) => page.locator('nuncio-tags');
  const settings = (page: Page) => page.locator('nuncio-channel-settings');
  const close = (page: Page): Promise<void> => page.getByRole('button', { name: 'Close', exact: true }).click();

  async function openCard(page: Page, user: string): Promise<void> {
    await page.locator('nuncio-channel-list .row', { hasText: user }).click();
    await page.getByRole('button', { name: 'Conversation options' }).click();
    await page.getByRole('menuitem', { name: 'Profile' }).click();
    await settings(page).waitFor();
  }

  it('tags are made, renamed and deleted, and narrow the list, on another device of the user too', async () => {
    const page = await world.open('anna');
    for (const user of ['bert', 'carl', 'dora']) {
      await world.nuncio.token(user);
      await writeTo(page, user);
      await say(page, `Hello ${user}`);
      await page.locator('.entry', { hasText: `Hello ${user}` }).getByLabel('Sent').waitFor();
    }
    const second = await world.open('anna');
    await poll(async () => (await names(second)).sort()).toEqual(['bert', 'carl', 'dora']);
    expect(await chips(page).count()).toBe(0);
    await page.getByRole('button', { name: 'Edit tags' }).click();
    for (const name of ['Work', 'Home']) {
      await editor(page).getByLabel('New tag').fill(name);
      await editor(page).getByLabel('New tag').press('Enter');
      await editor(page).getByLabel(`Name of the tag ${name}`).waitFor();
    }
    await editor(page).getByLabel('Name of the tag Home').fill('家 <b>');
    await editor(page).getByRole('button', { name: 'Save: Home' }).click();
    await editor(page).getByLabel('Name of the tag 家 <b>').waitFor();
    expect(await faults(page)).toEqual([]);
    await close(page);
    await poll(() => chips(second).getByRole('button').allTextContents()).toEqual(['All', 'Work', '家 <b>']);

    for (const user of ['bert', 'dora']) {
      await openCard(page, user);
      await settings(page).getByLabel('Work').check();
      // The device hears of it when the service has taken it.
      await poll(() => page.evaluate(async (id) => (await new window.chat.DirectChannel(id).getTags()).data?.length, user)).toBe(1);
      await close(page);
    }
    await chips(page).getByRole('button', { name: 'Work' }).click();
    await poll(async () => (await names(page)).sort()).toEqual(['bert', 'dora']);
    expect(await chips(page).getByRole('button', { name: 'Work' }).getAttribute('aria-pressed')).toBe('true');
    expect(await faults(page)).toEqual([]);
    await chips(second).getByRole('button', { name: 'Work' }).click();
    await poll(async () => (await names(second)).sort()).toEqual(['bert', 'dora']);
    await openCard(page, 'dora');
    await settings(page).getByLabel('Work').uncheck();
    await poll(() => names(second)).toEqual(['bert']);
    await close(page);
    await chips(second).getByRole('button', { name: '家' }).click();
    await second.getByText('Nothing is under this tag').waitFor();

    // A tag that ends while it narrows the list lets all be seen again.
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Edit tags' }).click();
    for (const name of ['Work', '家 <b>']) await editor(page).getByRole('button', { name: `Delete: ${name}` }).click();
    await poll(() => editor(page).locator('li').count()).toBe(0);
    await poll(async () => (await names(second)).sort()).toEqual(['bert', 'carl', 'dora']);
    expect(await chips(second).count()).toBe(0);
    await page.context().close();
    await second.context().close();
  });

  it('more tags than there is room for leave the list as wide as it is', async () => {
    for (const width of [1100, 390]) {
      const page = await world.open('ines', { viewport: { width, height: 760 }, colorScheme: width === 390 ? 'dark' : 'light' });
      const wide = () => page.locator('nuncio-channel-list').evaluate((element) => element.getBoundingClientRect().width);
      const before = await wide();
      await page.evaluate(() => window.chat.BaseChannel.setChannelTags(Array.from({ length: 8 }, (_, at) => ({ tagId: `t${at}`, tagName: `A long name ${at}` }))));
      await poll(() => chips(page).getByRole('button').count()).toBe(9);
      expect(await wide()).toBe(before);
      const last = chips(page).getByRole('button').last();
      await last.focus();
      await page.keyboard.press('Enter');
      expect(await last.getAttribute('aria-pressed')).toBe('true');
      await page.getByRole('button', { name: 'Edit tags' }).click();
      await editor(page).getByLabel('Name of the tag A long name 7').waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      await page.context().close();
    }
  });

  it('quiet hours are set, kept, changed and ended, and refused where they end as they begin', async () => {
    const page = await world.open('emil', { timezoneId: 'Asia/Shanghai' });
    const stored = () => page.evaluate(async () => (await window.chat.NCEngine.getNoDisturbTime()).data);
    await page.getByRole('button', { name: 'You', exact: true }).click();
    const quiet = page.locator('nuncio-quiet-hours');
    await quiet.getByLabel('Quiet hours, every day').check();
    await quiet.getByLabel('From').fill('23:30');
    await quiet.getByLabel('To', { exact: true }).fill('23:30');
    await quiet.getByRole('button', { name: 'Save' }).click();
    await quiet.getByText('Quiet hours must end at another time').waitFor();
    expect(await stored()).toBeUndefined();
    await quiet.getByLabel('To', { exact: true }).fill('07:15');
    await quiet.getByLabel('Notify of').selectOption('Mentions only');
    await quiet.getByRole('button', { name: 'Save' }).click();
    await quiet.getByText('Saved').waitFor();
    expect(await stored()).toEqual({ startTime: '23:30:00', spanMinutes: 465, level: 1, timezone: 'Asia/Shanghai' });
    expect(await faults(page)).toEqual([]);

    // Elsewhere in the world they stay those of the place where they were set.
    const away = await world.open('emil', { timezoneId: 'Europe/Berlin', viewport: { width: 390, height: 760 }, colorScheme: 'dark' });
    await away.getByRole('button', { name: 'You', exact: true }).click();
    const there = away.locator('nuncio-quiet-hours');
    await there.getByText('Times of Asia/Shanghai').waitFor();
    expect([await there.getByLabel('From').inputValue(), await there.getByLabel('To', { exact: true }).inputValue()]).toEqual(['23:30', '07:15']);
    await there.getByLabel('Notify of').selectOption('None');
    await there.getByRole('button', { name: 'Save' }).click();
    await there.getByText('Saved').waitFor();
    expect(await stored()).toMatchObject({ startTime: '23:30:00', spanMinutes: 465, level: 5, timezone: 'Asia/Shanghai' });
    expect(await faults(away)).toEqual([]);
    await there.getByRole('checkbox', { name: 'Quiet hours, every day' }).uncheck();
    await poll(stored).toBeUndefined();
    await away.context().close();
    await page.context().close();
  });

  it('what notifies is chosen for a single user, and the pin, also before anything was written', async () => {
    const page = await world.open('fred');
    await world.nuncio.token('gerd');
    await writeTo(page, 'gerd');
    await page.getByRole('button', { name: 'Conversation options' }).click();
    await page.getByRole('menuitem', { name: 'Profile' }).click();
    const level = settings(page).getByLabel('Notifications');
    expect(await level.locator('option').allTextContents()).toEqual(['As set for all users', 'Every message', 'None']);
    await level.selectOption('None');
    const told = () => page.evaluate(async () => {
      const { data } = await new window.chat.DirectChannel('gerd').reload();
      return [data?.noDisturbLevel, data?.isPinned];
    });
    await poll(told).toEqual([5, false]);
    await settings(page).getByLabel('Keep on top of the list').check();
    await poll(told).toEqual([5, true]);
    await close(page);
    await say(page, 'Hello');
    await page.locator('nuncio-channel-list').getByRole('img', { name: 'Muted' }).waitFor();
    await page.locator('nuncio-channel-list').getByRole('img', { name: 'Pinned' }).waitFor();
    await page.context().close();
  });

  it('no page complained', () => {
    expect(world.complaints).toEqual([]);
  });
});
