import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath, launchBrowser } from '../../chat/test/support/browser.js';
import { Nuncio, binary } from '../../chat/test/support/nuncio.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
describe.skipIf(browserPath === undefined || binary === undefined)('the demo that `nuncio dev` serves', () => {
  const nuncio = new Nuncio();
  const hosts = new Set<string>();
  const complaints: string[] = [];
  let browser: Browser;

  beforeAll(async () => {
    await nuncio.start();
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await nuncio.end();
  });

  async function open(theme: 'light' | 'dark' = 'light', width = 1500): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('request', (request) => hosts.add(new URL(request.url()).hostname));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(`${nuncio.url}/`);
    return page;
  }

  const phone = (page: Page, name: string): FrameLocator => page.frameLocator(`iframe[name=${name}]`);
  const write = async (on: FrameLocator, line: string): Promise<void> => {
    await on.getByLabel('Write a message').fill(line);
    await on.getByLabel('Write a message').press('Enter');
  };
  const back = (on: FrameLocator) => on.getByRole('button', { name: 'Back' });

  it('lets Alice and Bob write, block, go offline and come back, and be banned by the app\'s server', async () => {
    const page = await open();
    const [alice, bob] = [phone(page, 'alice'), phone(page, 'bob')];
    await write(alice, 'Hello Bob');
    await bob.locator('.entry', { hasText: 'Hello Bob' }).waitFor();
    await alice.locator('.entry', { hasText: 'Hello Bob' }).getByLabel('Read').waitFor();

    await bob.getByRole('button', { name: 'Conversation options' }).click();
    await bob.getByRole('menuitem', { name: 'Block' }).click();
    await expect.poll(async () => {
      const result = await nuncio.api('/v4/user/blocklist/get', { userId: 'bob' });
      return JSON.stringify(result);
    }, { timeout: 30_000 }).toContain('alice');
    await write(alice, 'Are you there?');
    await alice.getByText('Your message has been sent but was rejected by the recipient.').waitFor();

    await page.getByRole('button', { name: 'Bob', exact: true }).click();
    await page.getByRole('button', { name: 'Take Alice out again' }).click();
    await page.getByText('POST /v4/user/blocklist/remove succeeded').waitFor();
    await page.getByRole('button', { name: 'Take Bob offline' }).click();
    await bob.getByText('Signed out').waitFor();
    await write(alice, 'While you were away');
    await alice.locator('.entry', { hasText: 'While you were away' }).getByLabel('Sent').waitFor();
    await page.getByRole('button', { name: 'Bring Bob back' }).click();
    await bob.locator('.entry', { hasText: 'While you were away' }).waitFor();

    await page.getByRole('button', { name: 'Alice', exact: true }).click();
    await page.getByRole('button', { name: 'Ban Alice for a minute' }).click();
    await alice.getByText('Reason: Trying the ban').waitFor();
    expect(await page.getByLabel('The call').textContent()).toContain(`curl ${nuncio.url}/v4/user/ban`);
    await page.getByRole('button', { name: 'Unban Alice' }).click();
    await write(alice, 'Back again');
    await bob.locator('.entry', { hasText: 'Back again' }).waitFor();

    await back(bob).click();
    await bob.getByRole('button', { name: 'You', exact: true }).click();
    await bob.getByLabel('Name', { exact: true }).fill('Bobby');
    await bob.getByRole('button', { name: 'Save' }).click();
    await alice.getByText('Bobby').first().waitFor();
    await page.reload();
    await alice.locator('nuncio-conversation header').getByText('Bobby').waitFor();
    await page.context().close();
  });

  it('has a group of Alice, Bob and Carol, whom the app\'s server writes for', async () => {
    const page = await open();
    const [alice, bob] = [phone(page, 'alice'), phone(page, 'bob')];
    await back(alice).click();
    await alice.locator('nuncio-channel-list .row', { hasText: 'Weekend' }).click();
    await alice.locator('nuncio-conversation header').getByText('3 members').waitFor();
    await back(bob).click();
    await page.getByRole('button', { name: 'Bob', exact: true }).click();
    await page.getByRole('button', { name: 'Write to it as Carol, to Bob' }).click();
    await bob.locator('nuncio-channel-list .row', { hasText: 'Weekend' }).getByText('[@You]').waitFor();
    await alice.locator('.entry', { hasText: '@Bob are you coming?' }).waitFor();
    await alice.locator('.sender', { hasText: 'Carol' }).first().waitFor();
    await page.getByRole('button', { name: 'Call Bob Captain there' }).click();
    await bob.locator('nuncio-channel-list .row', { hasText: 'Weekend' }).click();
    await write(bob, 'On my way');
    await alice.locator('.entry', { hasText: 'On my way' }).locator('.sender', { hasText: 'Captain' }).waitFor();
    await page.context().close();
  });

  it('has a button for nothing that the server refuses', async () => {
    const page = await open();
    const buttons = page.locator('.actions button');
    for (let index = 0; index < (await buttons.count()); index += 1) {
      await buttons.nth(index).click();
      await page.locator('.card[role=status] h3').waitFor();
      await expect.poll(() => page.locator('.card[role=status]').textContent(), { timeout: 30_000 }).toMatch(/succeeded|refused/);
      expect(await page.locator('.card[role=status] h3').textContent(), await buttons.nth(index).textContent() ?? '').toContain('succeeded');
    }
    await page.context().close();
  });

  it.each([
    ['light', 1500],
    ['dark', 1500],
    ['light', 390],
  ] as const)('has no serious fault for axe (%s, %i px wide)', async (theme, width) => {
    const page = await open(theme, width);
    await phone(page, 'bob').getByLabel('Write a message').waitFor();
    await page.evaluate(await readFile(axe, 'utf8'));
    const found = await page.evaluate(async () => {
      const { axe: checker } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } };
      const { violations } = await checker.run();
      return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
    });
    expect(found).toEqual([]);
    if (process.env['SCREENSHOTS']) await page.screenshot({ path: `${process.env['SCREENSHOTS']}/demo-${theme}-${width}.png` });
    await page.context().close();
  });

  it('asks no host but its own and breaks no content security policy', () => {
    expect([...hosts]).toEqual(['127.0.0.1']);
    expect(complaints.filter((line) => line.includes('Content Security Policy'))).toEqual([]);
  });
});
