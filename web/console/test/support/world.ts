/**
 * The real server, which serves the console, and Chromium.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { browserPath, launchBrowser } from '../../../chat/test/support/browser.js';
import { Nuncio, binary } from '../../../chat/test/support/nuncio.js';

/** Whether there is what these tests need. */
export const ready = browserPath !== undefined && binary !== undefined;

export const PASSWORD = 'a sentence is good';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

/** Everything that a test needs. */
export class World {
  readonly nuncio = new Nuncio();
  /** What pages printed as errors, and what the policy forbade. */
  readonly complaints: string[] = [];
  /** The hosts that pages asked for something. */
  readonly hosts = new Set<string>();
  #browser!: Browser;

  async start(): Promise<void> {
    await this.nuncio.start();
    this.#browser = await launchBrowser();
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    await this.nuncio.end();
  }

  /** The link that lets the first owner in, made as on the server's command line. */
  async firstOwnerLink(): Promise<string> {
    const args = ['console', 'reset-link', '--data', this.nuncio.data, '--url', this.nuncio.url];
    const { stdout } = await promisify(execFile)(binary as string, args);
    return stdout.trim();
  }

  /** A browser of its own. */
  async browser(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
    context.setDefaultTimeout(30_000);
    // While the pages are written: those of dist/, without building the server anew.
    if (process.env['PAGES'] === 'dist') await context.route(/\/console\/(assets\/.*)?$/, async (route) => {
      const path = new URL(route.request().url()).pathname.replace('/console/', '') || 'index.html';
      const headers = { 'content-security-policy': "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'" };
      await route.fulfill({ body: await readFile(dist + path), contentType: TYPES[path.split('.').pop() as string] as string, headers });
    });
    return context;
  }

  /** A tab at an address of the console. */
  async open(context: BrowserContext, address = this.address()): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      // What the server refuses is in the console too, and wanted here and there.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('dialog', (dialog) => this.complaints.push(`a dialog: ${dialog.message()}`));
    page.on('request', (request) => this.hosts.add(new URL(request.url()).hostname));
    await page.goto(address);
    return page;
  }

  address(hash = ''): string {
    return `${this.nuncio.url}/console/${hash}`;
  }

  /** Uses the first owner's link up: whoever has the page is signed in. */
  async enter(page: Page, name = 'ada'): Promise<void> {
    await page.goto(await this.firstOwnerLink());
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('Password, once more').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set password and sign in' }).click();
    await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
  }

  /** Makes an app in the console; from then on {@link Nuncio.api} speaks for it. */
  async createApp(page: Page, name: string, environment: 'Development' | 'Production'): Promise<void> {
    await page.getByRole('link', { name: 'Apps', exact: true }).click();
    await page.getByRole('button', { name: 'New app' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Name').fill(name);
    await form.getByLabel('Environment').selectOption(environment);
    await form.getByRole('button', { name: 'Make app' }).click();
    const [key, secret] = [form.locator('code').first(), form.locator('code').last()];
    await form.getByText('App Secret', { exact: true }).waitFor();
    this.nuncio.appKey = (await key.textContent()) as string;
    this.nuncio.appSecret = (await secret.textContent()) as string;
    await form.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  }
}

/** Registers a user on the page of users; closes the dialog with the token. */
export async function register(page: Page, userId: string, name: string): Promise<void> {
  await fillRegistration(page, userId, name);
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
}

/** Fills the form and sends it. */
export async function fillRegistration(page: Page, userId: string, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Register a user' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('User id').fill(userId);
  await form.getByLabel('Name').fill(name);
  await form.getByRole('button', { name: 'Register', exact: true }).click();
}

/** Goes to a page by the navigation. */
export const visit = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name, exact: true }).click();

/** A row of a table. */
export const row = (page: Page, text: string): Locator => page.getByRole('row').filter({ hasText: text });

/** What axe finds that is serious or worse. */
export async function faults(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) {
    // The policy forbids scripts in the page, not those of the browser's own tools.
    await page.evaluate(await readFile(axe, 'utf8'));
  }
  return page.evaluate(async () => {
    interface Found { violations: { id: string; impact: string; nodes: { target: unknown; failureSummary: string }[] }[] }
    const { violations } = await (window as unknown as { axe: { run: () => Promise<Found> } }).axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${JSON.stringify(target)} ${failureSummary}`));
  });
}

/** The code that an authenticator app shows (RFC 6238). */
export function totp(secret: string, now = Date.now()): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/[\s=]/g, '').toUpperCase()].map((sign) => alphabet.indexOf(sign).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = (hash[19] as number) & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
