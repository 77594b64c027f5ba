/** Makes the pictures of docs/chat-ui.md anew, only when asked to: `npm run screenshots -w @nuncio/chatui`. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { it } from 'vitest';
import { World, say } from './support/world.js';

const folder = fileURLToPath(new URL('../../../docs/images', import.meta.url));
const names: Record<string, string> = { maya: 'Maya Lindqvist', tomas: 'Tomás Rivera', aiko: 'Aiko Tanaka', sam: 'Sam Okafor', lena: 'Lena Vogt' };

/** What they wrote: who, to whom, what. */
const LINES: [string, string, string][] = [
  ['lena', 'maya', 'The invoice is in your inbox.'],
  ['sam', 'maya', 'Running ten minutes late, sorry!'],
  ['aiko', 'maya', 'See you at the station'],
  ['maya', 'aiko', 'Perfect, platform 4'],
  ['tomas', 'maya', 'Did you get a look at the new map? https://maps.example.org/route'],
  ['maya', 'tomas', 'Yes, I like the second route better. It avoids the bridge, and there is a café on the way.'],
  ['tomas', 'maya', 'Good. Then I will book the bikes for Saturday.'],
  ['maya', 'tomas', 'Saturday works'],
];

/** What they wrote in their group: who, what, and whom they mention. */
const GROUP_LINES: [string, string, string?][] = [
  ['tomas', 'I booked the hut for two nights. Who brings the maps?'],
  ['aiko', 'I have the old ones from last year'],
  ['sam', 'The new ferry leaves at 7:40, so we meet at the pier'],
  ['maya', 'I bring breakfast'],
  ['lena', '@Maya Lindqvist can you take Sam in your car?', 'maya'],
];

async function show(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${folder}/${name}.png` });
}

it.runIf(process.env['SCREENSHOTS'])('the pictures of the guide are made', async () => {
  const world = new World();
  await world.start();
  try {
    mkdirSync(folder, { recursive: true });
    const pages = new Map<string, Page>();
    for (const user of Object.keys(names)) {
      const page = await world.open(user);
      pages.set(user, page);
      await page.evaluate((name) => window.chat.NCEngine.userModule.updateMyUserProfile({ name }), names[user] as string);
    }
    const pageOf = (user: string): Page => pages.get(user) as Page;
    for (const [from, to, line] of LINES) {
      await pageOf(from).evaluate(async ([user, words]) => {
        const { DirectChannel, SendTextMessageParams } = window.chat;
        await new DirectChannel(user as string).sendMessage(new SendTextMessageParams({ text: words as string }));
      }, [to, line]);
    }
    for (const user of ['aiko', 'tomas']) {
      await pageOf(user).evaluate(() => window.chat.NCEngine.userModule.addFriend({ userId: 'maya' }));
      await pageOf('maya').evaluate((id) => window.chat.NCEngine.userModule.acceptFriendApplication(id), user);
    }
    const invited = ['maya', 'aiko', 'sam', 'lena'];
    await pageOf('tomas').evaluate(async (userIds) => {
      const { GroupChannel } = window.chat;
      await GroupChannel.createGroup({ groupId: 'alps', groupName: 'Alps in June', inviteeUserIds: userIds, notice: 'We meet on Friday at 7:15 at the pier. Bring rain clothes!', introduction: 'Three days on foot, from hut to hut.', invitePermission: 2, groupInfoEditPermission: 1 });
      await new GroupChannel('alps').addAdmins(['maya']);
      await new GroupChannel('alps').setMemberInfo({ userId: 'tomas', nickname: 'Tomás the guide' });
    }, invited);
    for (const [from, line, mentioned] of GROUP_LINES) {
      await pageOf(from).evaluate(async ([text, id]) => {
        const { GroupChannel, SendTextMessageParams } = window.chat;
        const mentionedInfo = id ? { mentionedInfo: { type: 2, userIdList: [id] } } : {};
        const params = new SendTextMessageParams({ text: text as string, ...mentionedInfo });
        params.needReceipt = true;
        await new GroupChannel('alps').sendMessage(params);
      }, [line, mentioned]);
    }
    for (const reader of ['aiko', 'sam', 'tomas']) {
      await pageOf(reader).evaluate(async () => {
        const group = new window.chat.GroupChannel('alps');
        const page = await window.chat.BaseChannel.createMessagesQuery({ channelIdentifier: group.identifier }).loadNextPage();
        await group.sendReadReceiptResponse((page.data?.data ?? []).map(({ messageId }) => messageId));
      });
    }
    await pageOf('maya').evaluate(() => window.chat.NCEngine.userModule.addToBlocklist('spam-4711'));
    await pageOf('lena').evaluate(() => window.chat.NCEngine.userModule.addFriend({ userId: 'maya', extra: 'It is Lena, from the office' }));
    await pageOf('sam').evaluate(() => window.chat.NCEngine.userModule.addToBlocklist('maya'));
    await pageOf('lena').context().close();
    await pageOf('tomas').evaluate(() => new window.chat.DirectChannel('maya').clearUnreadCount());

    for (const [theme, width, height, form] of [
      ['light', 1100, 720, 'desktop'],
      ['dark', 1100, 720, 'desktop'],
      ['light', 390, 780, 'phone'],
      ['dark', 390, 780, 'phone'],
    ] as const) {
      const page = await world.open('maya', { viewport: { width, height } }, { theme });
      await page.locator('nuncio-channel-list .row', { hasText: 'Tomás Rivera' }).waitFor();
      if (form === 'phone') await show(page, `chat-list-${form}-${theme}`);
      await page.locator('nuncio-channel-list .row', { hasText: 'Tomás Rivera' }).click();
      await show(page, `chat-${form}-${theme}`);
      if (form === 'desktop') {
        await page.locator('nuncio-channel-list .row', { hasText: 'Sam Okafor' }).click();
        await say(page, 'No problem, I will get us a table.');
        await page.getByText('rejected by the recipient').first().waitFor();
        await show(page, `chat-refused-${theme}`);
        await page.locator('nuncio-conversation header .who').click();
        await show(page, `chat-card-${theme}`);
        await page.getByRole('button', { name: 'Close' }).click();
      } else {
        await page.getByRole('button', { name: 'Back' }).click();
      }
      await page.locator('nuncio-channel-list .row', { hasText: 'Alps' }).click();
      await page.locator('.entry', { hasText: 'in your car' }).last().waitFor();
      await show(page, `group-${form}-${theme}`);
      if (form === 'phone') {
        await page.getByRole('button', { name: 'Read by 3 of 4' }).click();
        await page.locator('nuncio-read-receipts').getByText('Read (3)').waitFor();
        await show(page, `group-receipts-${theme}`);
        await page.getByRole('button', { name: 'Close' }).click();
      }
      await page.getByLabel('Write a message').pressSequentially('@');
      await page.getByRole('option').nth(2).waitFor();
      if (form === 'phone') await show(page, `group-mention-${theme}`);
      await page.getByLabel('Write a message').fill('');
      await page.locator('nuncio-conversation header .who').click();
      await page.locator('nuncio-group-members li').nth(4).waitFor();
      await show(page, `group-page-${form}-${theme}`);
      await page.getByRole('button', { name: 'Close' }).click();
      if (form === 'phone') await page.getByRole('button', { name: 'Back' }).click();
      for (const [pane, name] of [['Friends', 'friends'], ['Groups', 'groups'], ['Requests', 'requests'], ['Blocked', 'blocklist'], ['You', 'profile']] as const) {
        await page.locator('nav').getByRole('button', { name: new RegExp(`^${pane}`) }).click();
        if (form === 'phone') await show(page, `chat-${name}-${theme}`);
      }
      await page.context().close();
    }
  } finally {
    await world.end();
  }
});
