import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World, faults, ready, row, visit } from './support/world.js';

const patience = { timeout: 30_000 };
const HOSTILE = '<img src=x onerror="alert(1)">';
const images = process.env['SCREENSHOTS'] === undefined ? undefined : process.env['IMAGES'];

async function bodyOf(request: IncomingMessage): Promise<{ type: string; data: { userId?: string }[] }> {
  let text = '';
  for await (const part of request) text += String(part);
  return JSON.parse(text) as { type: string; data: { userId?: string }[] };
}

/** One test goes on where the one before it ended, as an operator does. */
describe.skipIf(!ready)('the webhooks page in Chromium, with the real server and a real receiver', () => {
  const world = new World();
  const received: string[] = [];
  let status = 200;
  let receiver: Server;
  let url = '';
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      void bodyOf(request).then(({ type }) => {
        received.push(type);
        response.writeHead(status).end(status === 200 ? 'thanks' : `sorry ${HOSTILE}`);
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    await world.start();
    context = await world.browser();
    page = await world.open(context);
    await world.enter(page);
    await world.createApp(page, 'Shop', 'Development');
  });
  afterAll(async () => {
    await world.end();
    receiver.close();
  });

  const dialog = () => page.getByRole('dialog');
  const profile = (name: string) => world.nuncio.api('/v4/user/profile/set', { userId: 'ada', userProfile: { name } });

  it('a webhook is added for the events chosen, its secret shown, and tried out', async () => {
    await visit(page, 'Webhooks');
    await page.getByText('There is none yet.').waitFor();
    await page.getByRole('button', { name: 'Add a webhook' }).click();
    await dialog().getByLabel('Name').fill(HOSTILE);
    await dialog().getByLabel('URL').fill('http://user:password@127.0.0.1/');
    await dialog().getByRole('checkbox', { name: 'user:profile_update' }).check();
    await dialog().getByRole('button', { name: 'Add' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'url' }).waitFor();
    await dialog().getByLabel('URL').fill(url);
    await dialog().getByRole('button', { name: 'Add' }).click();
    await dialog().getByText('is signed with it').waitFor();
    const secret = await dialog().locator('code').textContent();
    expect(secret).toMatch(/^[A-Za-z0-9]{32}$/);
    await dialog().getByRole('button', { name: 'Done' }).click();
    await page.getByRole('region', { name: HOSTILE }).getByText('user:profile_update').waitFor();
    await page.getByRole('button', { name: `Test: ${HOSTILE}` }).click();
    await page.getByText('It arrived: HTTP 200.').waitFor();
    expect(received).toEqual(['webhook:test']);
    await page.getByRole('button', { name: `Secret: ${HOSTILE}`, exact: true }).click();
    expect(await dialog().locator('code').textContent()).toBe(secret);
    await dialog().getByRole('button', { name: 'Done' }).click();
  });

  it('what was posted is listed, and posted again when asked', async () => {
    await world.nuncio.token('ada');
    await profile('Ada');
    await expect.poll(() => received.filter((type) => type === 'user:profile_update').length, patience).toBe(1);
    await page.getByRole('link', { name: `Deliveries: ${HOSTILE}` }).click();
    await row(page, 'Delivered').getByText('1 attempt, HTTP 200').waitFor();
    await page.getByText('user:profile_update', { exact: true }).last().click();
    await page.getByText('"operatorId": "ada"').waitFor();
    await page.getByRole('button', { name: 'Post again: user:profile_update of ada' }).click();
    await page.getByText('It is on its way again.').waitFor();
    await expect.poll(() => received.filter((type) => type === 'user:profile_update').length, patience).toBe(2);
  });

  it('what fails waits, and says why', async () => {
    status = 503;
    await profile('Ada L');
    await expect.poll(async () => {
      await page.reload();
      await page.getByRole('region', { name: 'Deliveries' }).getByRole('row').nth(1).waitFor();
      return row(page, 'Waiting').filter({ hasText: 'HTTP 503' }).count();
    }, patience).toBe(1);
    await row(page, 'Waiting').getByText('sorry').waitFor();
    await page.getByLabel('Show').selectOption('Delivered');
    await expect.poll(() => row(page, 'Waiting').count(), patience).toBe(0);
    await row(page, 'Delivered').first().waitFor();
    status = 200;
    await expect.poll(() => received.filter((type) => type === 'user:profile_update').length, patience).toBeGreaterThan(3);
  });

  it('has no serious fault for axe, in light and dark, on a desk and on a phone', { timeout: 200_000 }, async () => {
    const storageState = await context.storageState();
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1100, 390]) {
        const fresh = await world.browser({ colorScheme, viewport: { width, height: 800 }, storageState });
        for (const place of [page.url(), page.url().replace(/\/webhooks\/.*$/, '/webhooks')]) {
          const shown = await world.open(fresh, place);
          await shown.getByRole('region', { name: HOSTILE }).waitFor();
          await expect.poll(() => shown.getByText('Loading…').count(), patience).toBe(0);
          expect([place, width, ...(await faults(shown))]).toEqual([place, width]);
          expect(await shown.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
          if (images !== undefined) {
            const name = place === page.url() ? 'deliveries' : 'webhooks';
            await shown.screenshot({ path: `${images}${name}-${colorScheme}-${width}.png`, fullPage: true });
          }
          await shown.close();
        }
        await fresh.close();
      }
    }
  });

  it('a webhook is switched off, and removed', async () => {
    await page.getByRole('link', { name: 'To all webhooks' }).click();
    await page.getByRole('button', { name: `Switch off: ${HOSTILE}` }).click();
    await page.getByText('Off', { exact: true }).waitFor();
    await page.getByRole('button', { name: `Remove: ${HOSTILE}` }).click();
    await dialog().getByRole('button', { name: 'Remove' }).click();
    await page.getByText('There is none yet.').waitFor();
    await visit(page, 'Audit trail');
    await row(page, 'webhook.remove').waitFor();
    await row(page, 'webhook.redeliver').waitFor();
    expect(world.complaints).toEqual([]);
    expect([...world.hosts]).toEqual(['127.0.0.1']);
  });
});
