/** Draws the pictures of docs/console.md: `npm run screenshots`. */

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { World, ready, register, visit } from './support/world.js';

const images = process.env['IMAGES'] ?? fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const PEOPLE = [['ada-l', 'Ada Lovelace'], ['grace-h', 'Grace Hopper'], ['alan-t', 'Alan Turing'], ['edsger-d', 'Edsger Dijkstra'], ['barbara-l', 'Barbara Liskov'], ['wang-f', '王芳']] as const;

describe.skipIf(!ready || process.env['SCREENSHOTS'] === undefined)('pictures', () => {
  const world = new World();
  beforeAll(() => world.start());
  afterAll(() => world.end());

  it('are drawn', async () => {
    const context = await world.browser({ viewport: { width: 1100, height: 760 }, colorScheme: 'light' });
    const page = await world.open(context);
    await world.enter(page);
    await world.createApp(page, 'Shop', 'Production');
    await world.createApp(page, 'Shop, development', 'Development');
    await visit(page, 'Users');
    for (const [id, name] of PEOPLE) await register(page, id, name);
    const app = `#/apps/${world.nuncio.appKey}`;
    await page.goto(world.address(`${app}/users/alan-t`));
    await page.getByRole('button', { name: 'Ban', exact: true }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('Sends advertisements');
    await page.getByRole('dialog').getByRole('button', { name: 'Ban', exact: true }).click();
    await page.getByText('because').waitFor();
    const storageState = await context.storageState();
    const desk = { width: 1100, height: 760 };
    const phone = { width: 390, height: 760 };
    for (const [name, place, colorScheme, viewport] of [
      ['app', app, 'light', desk],
      ['users', `${app}/users`, 'dark', desk],
      ['user', `${app}/users/alan-t`, 'light', desk],
      ['features', `${app}/settings`, 'light', desk],
      ['audit', `${app}/audit`, 'dark', desk],
      ['phone', `${app}/users/alan-t`, 'dark', phone],
    ] as const) {
      const fresh = await world.browser({ viewport, colorScheme, storageState });
      const shown = await world.open(fresh, world.address(place));
      await shown.waitForLoadState('networkidle');
      await shown.screenshot({ path: `${images}console-${name}.png` });
      await fresh.close();
    }
  });
});
