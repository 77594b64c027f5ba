/**
 * Draws the pictures of docs/console.md: `npm run screenshots`. Each shows a page on a desk and on a phone, in light and in
 * dark. With `IMAGES` the single pictures are kept in that folder too, as PNG, to be looked at.
 */

import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { World, ready, register, visit } from './support/world.js';

const docs = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const images = process.env['IMAGES'];
const PEOPLE = [['ada-l', 'Ada Lovelace'], ['grace-h', 'Grace Hopper'], ['alan-t', 'Alan Turing'], ['edsger-d', 'Edsger Dijkstra'], ['barbara-l', 'Barbara Liskov'], ['wang-f', '王芳']] as const;
const DESK = { width: 1100, height: 760 };
const PHONE = { width: 390, height: 760 };
/** By how much the pictures in the documentation are smaller. */
const SCALE = 0.62;
const GAP = 12;

/** Puts pictures side by side; a WebP file. */
async function montage(page: Page, rows: readonly (readonly Buffer[])[]): Promise<Buffer> {
  const sources = rows.map((row) => row.map((png) => `data:image/png;base64,${png.toString('base64')}`));
  const url = await page.evaluate(async ([all, scale, gap]) => {
    const loaded = await Promise.all(all.map((row) => Promise.all(row.map(async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      return image;
    }))));
    const [first] = loaded;
    const width = (first ?? []).reduce((sum, image) => sum + image.width * scale + gap, -gap);
    const height = loaded.reduce((sum, row) => sum + (row[0]?.height ?? 0) * scale + gap, -gap);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [Math.round(width), Math.round(height)];
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.imageSmoothingQuality = 'high';
    let top = 0;
    for (const row of loaded) {
      let left = 0;
      for (const image of row) {
        context.drawImage(image, left, top, image.width * scale, image.height * scale);
        left += image.width * scale + gap;
      }
      top += (row[0]?.height ?? 0) * scale + gap;
    }
    return canvas.toDataURL('image/webp', 0.8);
  }, [sources, SCALE, GAP] as const);
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
}

describe.skipIf(!ready || process.env['SCREENSHOTS'] === undefined)('pictures', () => {
  const world = new World();
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    // Not everything arrives.
    request.on('end', () => (body.includes('grace-h') ? response.writeHead(503).end('try again later') : response.writeHead(200).end('thanks')));
  });
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    await world.start();
  });
  afterAll(async () => {
    await world.end();
    receiver.close();
  });

  /** An app as it is after a while of use. */
  async function fill(): Promise<void> {
    const { nuncio } = world;
    await world.createApp(page, 'Shop', 'Production');
    await world.createApp(page, 'Shop, development', 'Development');
    await visit(page, 'Webhooks');
    await page.getByRole('button', { name: 'Add a webhook' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Shop server');
    await dialog.getByLabel('URL').fill(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/nuncio`);
    for (const event of ['user:connection_status', 'user:profile_update', 'message:send:server']) await dialog.getByRole('checkbox', { name: event, exact: true }).check();
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await visit(page, 'Users');
    for (const [id, name] of PEOPLE) await register(page, id, name);
    const issue = async (userId: string, name: string): Promise<string> => {
      const result = await nuncio.api('/v4/auth/access-token/issue', { userId, name });
      return (result['accessToken'] ?? result['token']) as string;
    };
    for (let at = 0; at < 40; at++) await issue(`guest-${String(at).padStart(2, '0')}`, `Guest ${at}`);
    await nuncio.api('/v4/user/profile/set', { userId: 'alan-t', userProfile: { name: 'Alan', gender: 1 } });
    await nuncio.api('/v4/user/profile/set', { userId: 'grace-h', userProfile: { name: 'Grace' } });
    const group = async (channelId: string, name: string, owner: string, userIds: readonly string[]): Promise<void> => {
      await nuncio.api('/v4/group-channel/create', { channelId, name, owner, userIds, groupProfile: { introduction: 'For whoever likes it.', announcement: 'We meet on Friday at six.' }, permissions: { joinPerm: 1, removePerm: 1 } });
    };
    await group('lunch', 'Lunch on Friday', 'wang-f', ['ada-l', 'alan-t']);
    await group('compilers', 'Compilers', 'grace-h', PEOPLE.map(([id]) => id));
    await nuncio.api('/v4/group-channel/member/set', { channelId: 'compilers', userId: 'ada-l', nickname: 'The Countess' });
    await nuncio.api('/v4/group-channel/admin/add', { channelId: 'compilers', userIds: ['barbara-l'] });
    await nuncio.api('/v4/group-channel/user/mute-list/add', { channelId: 'compilers', userIds: ['edsger-d'], durationMinutes: 60 });
    await nuncio.api('/v4/group-channel/freeze-list/add', { channelIds: ['lunch'] });
    await nuncio.api('/v4/user/blocklist/add', { userId: 'alan-t', targetUserIds: ['guest-01', 'guest-02'] });
    for (const friend of ['ada-l', 'grace-h', 'wang-f']) await nuncio.api('/v4/friend/add', { userId: 'alan-t', targetId: friend, action: 2 });
    const { NCEngine } = await import('@nuncio/chat');
    for (const [id, name] of PEOPLE) {
      NCEngine.initialize({ appKey: nuncio.appKey, naviServer: nuncio.url });
      await NCEngine.connect({ token: await issue(id, name) });
      if (id !== 'wang-f') await NCEngine.disconnect();
    }
    for (let at = 0; at < 30; at++) {
      const [fromUserId] = PEOPLE[at % 3] as (typeof PEOPLE)[number];
      await nuncio.api('/v4/direct-channel/message/send', { fromUserId, toUserIds: ['wang-f'], messageType: 'RC:TxtMsg', content: JSON.stringify({ content: `Hello ${at}` }) });
      await nuncio.api('/v4/user/get', { userId: at % 5 === 0 ? 'nobody' : 'ada-l' }).catch(() => {});
    }
    await page.goto(world.address(`#/apps/${nuncio.appKey}/users/alan-t`));
    await page.getByRole('button', { name: 'Export data' }).click();
    await page.getByRole('region', { name: 'Data export' }).getByText('Done', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Ban', exact: true }).click();
    await dialog.getByLabel('Reason').fill('Sends advertisements');
    await dialog.getByRole('button', { name: 'Ban', exact: true }).click();
    await page.getByText('because').waitFor();
    await nuncio.api('/v4/user/soft-delete', { userIds: ['guest-07'] });
    await visit(page, 'Import');
    const rows = Array.from({ length: 40 }, (_, at) => `member-${at},Member ${at},`).join('\n');
    const buffer = Buffer.from(`userId,name,avatarUrl\n${rows}\nno such id,X,\nnameless,,\n`);
    await page.getByLabel('CSV (.csv) or JSON lines').setInputFiles({ name: 'members.csv', mimeType: 'text/csv', buffer });
    await page.getByRole('button', { name: 'Import 40 rows' }).waitFor();
    await visit(page, 'Operators');
    for (const [name, role] of [['grace@example.com', 'Developer'], ['sue@example.com', 'Support']] as const) {
      await page.getByRole('button', { name: 'Invite an operator' }).click();
      await dialog.getByLabel('Name').fill(name);
      await dialog.getByLabel('On “Shop”').selectOption(role);
      await dialog.getByRole('button', { name: 'Make a link' }).click();
      await dialog.getByText(`The link for ${name}`).waitFor();
      link = (await dialog.locator('code').textContent()) as string;
      await dialog.getByRole('button', { name: 'Done' }).click();
    }
  }
  let link = '';

  it('are drawn', { timeout: 600_000 }, async () => {
    context = await world.browser({ viewport: DESK, colorScheme: 'light' });
    page = await world.open(context);
    await world.enter(page);
    await fill();
    const storageState = await context.storageState();
    const app = world.address(`#/apps/${world.nuncio.appKey}`);
    await page.goto(`${app}/webhooks`);
    await page.getByRole('link', { name: 'Deliveries: Shop server' }).click();
    await page.getByRole('row').nth(1).waitFor();
    const deliveries = page.url();
    const explore = async (shown: Page): Promise<void> => {
      await shown.getByLabel('Body, JSON').fill('{ "userId": "ada-l" }');
      await shown.getByRole('button', { name: 'Sign and send' }).click();
      await shown.getByText('HTTP 200').waitFor();
      await shown.getByLabel('Operation').scrollIntoViewIfNeeded();
    };
    const exported = async (shown: Page): Promise<void> => shown.getByRole('region', { name: 'Data export' }).evaluate((element) => element.scrollIntoView({ block: 'end' }));
    const places: readonly (readonly [name: string, place: string, prepare?: (shown: Page) => Promise<void>])[] = [
      ['link', link],
      ['sign-in', world.address()],
      ['apps', world.address()],
      ['overview', `${app}?span=live`],
      ['users', `${app}/users`],
      ['user', `${app}/users/alan-t`],
      ['export', `${app}/users/alan-t`, exported],
      ['groups', `${app}/groups`],
      ['group', `${app}/groups/compilers`],
      ['import', `${app}/imports`],
      ['features', `${app}/settings`],
      ['explorer', `${app}/explorer?path=%2Fv4%2Fuser%2Fget`, explore],
      ['webhooks', `${app}/webhooks`],
      ['deliveries', deliveries],
      ['audit', `${app}/audit`],
      ['console-audit', world.address('#/audit')],
      ['operators', world.address('#/operators')],
      ['account', world.address('#/account')],
    ];
    const canvas = await world.open(context, 'about:blank');
    for (const [name, place, prepare] of places) {
      const outside = name === 'link' || name === 'sign-in';
      const rows: Buffer[][] = [];
      for (const colorScheme of ['light', 'dark'] as const) {
        const row: Buffer[] = [];
        for (const viewport of [DESK, PHONE]) {
          const fresh = await world.browser({ viewport, colorScheme, ...(outside ? {} : { storageState }) });
          const shown = await world.open(fresh, place);
          await shown.waitForLoadState('networkidle');
          await prepare?.(shown);
          const picture = await shown.screenshot();
          row.push(picture);
          if (images !== undefined) {
            const kept = `${images}/${name}-${colorScheme}-${viewport.width}.png`;
            await writeFile(kept, prepare === undefined ? await shown.screenshot({ fullPage: true }) : picture);
          }
          await fresh.close();
        }
        rows.push(row);
      }
      await writeFile(`${docs}console-${name}.webp`, await montage(canvas, rows));
    }
  });
});
