import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World, faults, ready, visit } from './support/world.js';

const patience = { timeout: 30_000 };

async function bodyOf(request: IncomingMessage): Promise<{ type: string; data: { title: string }[] }> {
  let text = '';
  for await (const part of request) text += String(part);
  return JSON.parse(text) as { type: string; data: { title: string }[] };
}

/** One test goes on where the one before it ended, as an operator does. */
describe.skipIf(!ready)('the push page in Chromium, with the real server and a real gateway', () => {
  const world = new World();
  const received: string[] = [];
  let status = 200;
  let receiver: Server;
  let url = '';
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      void bodyOf(request).then(({ data }) => {
        received.push(data[0]?.title ?? '');
        response.writeHead(status).end(status === 200 ? 'thanks' : 'sorry <b>');
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/push`;
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
  const card = (name: string) => page.getByRole('region', { name });

  it('a gateway is set up, tried out, and its secret shown', patience, async () => {
    await visit(page, 'Push');
    await page.getByRole('button', { name: 'Set up: Your own gateway' }).click();
    await dialog().getByLabel('URL').fill('http://user:password@127.0.0.1/');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'url' }).waitFor();
    await dialog().getByLabel('URL').fill(url);
    await dialog().getByRole('button', { name: 'Save' }).click();
    await card('Your own gateway').getByText(url).waitFor();
    await page.getByRole('button', { name: 'Test: Your own gateway' }).click();
    await dialog().getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('It was accepted: HTTP 200. thanks').waitFor();
    expect(received).toEqual(['Shop']);
    await page.getByRole('button', { name: 'Secret: Your own gateway' }).click();
    expect(await dialog().locator('code').textContent()).toMatch(/^[A-Za-z0-9]{32}$/);
    await dialog().getByRole('button', { name: 'Done' }).click();
    expect(await faults(page)).toEqual([]);
  });

  it('a failure is told as it is', patience, async () => {
    status = 503;
    await page.getByRole('button', { name: 'Test: Your own gateway' }).click();
    await dialog().getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('It was not accepted: HTTP 503. sorry <b>').waitFor();
  });

  it('browsers get a key that stays until another is made', patience, async () => {
    await page.getByRole('button', { name: 'Set up: Web Push' }).click();
    await dialog().getByLabel('Contact').fill('mailto:ops@example.org');
    await dialog().getByRole('button', { name: 'Save' }).click();
    const key = card('Web Push').locator('dd').filter({ hasText: /^B[\w-]{86}$/ });
    await key.waitFor();
    const first = await key.textContent();
    const edit = async (fresh: boolean) => {
      await page.getByRole('button', { name: 'Edit: Web Push' }).click();
      if (fresh) await dialog().getByRole('checkbox', { name: 'Make a new key pair' }).check();
      await dialog().getByRole('button', { name: 'Save' }).click();
      await dialog().waitFor({ state: 'detached' });
    };
    await edit(false);
    expect(await key.textContent()).toBe(first);
    await edit(true);
    await expect.poll(() => key.textContent()).not.toBe(first);
  });

  it('credentials that cannot be used are refused in the form, which keeps what was typed', patience, async () => {
    await page.getByRole('button', { name: 'Set up: Apple push service' }).click();
    await dialog().getByLabel('Key (.p8)').fill('not a key');
    for (const [label, value] of [['Key ID', 'K1'], ['Team ID', 'T1'], ['Topic', 'com.example']] as const) {
      await dialog().getByLabel(label).fill(value);
    }
    await dialog().getByRole('button', { name: 'Save' }).click();
    await dialog().getByRole('alert').filter({ hasText: 'PEM' }).waitFor();
    expect(await dialog().getByLabel('Topic').inputValue()).toBe('com.example');
    await dialog().getByRole('button', { name: 'Cancel' }).click();
  });

  it('a provider is removed', patience, async () => {
    await page.getByRole('button', { name: 'Remove: Your own gateway' }).click();
    await dialog().getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Set up: Your own gateway' }).waitFor();
    expect(world.complaints).toEqual([]);
  });
});
