import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World, ready, say } from './support/world.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const patience = { timeout: 30_000 };
const poll = <T>(ask: () => Promise<T>) => expect.poll(ask, patience);

describe.skipIf(!ready)('groups in the Chat UI in Chromium, with the real server', () => {
  const world = new World();
  let number = 0;
  beforeAll(() => world.start());
  afterAll(() => world.end());

  const entry = (page: Page, line: string): Locator => page.locator('.entry', { hasText: line }).last();
  const row = (page: Page, name: string): Locator => page.locator('nuncio-channel-list .row', { hasText: name });
  const pane = (page: Page, name: string): Promise<void> => page.locator('nav').getByRole('button', { name: new RegExp(`^${name}`) }).click();
  const header = (page: Page): Locator => page.locator('nuncio-conversation header');
  const groupPage = (page: Page): Locator => page.locator('nuncio-group-page');
  const member = (page: Page, name: string): Locator => page.locator('nuncio-group-members li', { hasText: name });

  /** So many users nobody has met yet, each in a browser of their own, and a group of them that the first one owns. */
  async function group(count: number, options: Record<string, unknown> = {}): Promise<{ pages: Page[]; ids: string[]; groupId: string; name: string }> {
    number += 1;
    const ids = ['ann', 'ben', 'cem', 'dee'].slice(0, count).map((id) => `${id}${number}`);
    const pages: Page[] = [];
    for (const id of ids) pages.push(await world.open(id));
    const [groupId, name] = [`g${number}`, `Walkers ${number}`];
    await pages[0]!.evaluate(async ([id, groupName, invited, more]) => {
      const made = await window.chat.GroupChannel.createGroup({ groupId: id, groupName, inviteeUserIds: invited, ...more });
      if (!made.isOk) throw new Error(`${made.code} ${made.msg}`);
    }, [groupId, name, ids.slice(1), options] as const);
    return { pages, ids, groupId, name };
  }

  async function openGroup(page: Page, name: string): Promise<void> {
    await pane(page, 'Groups');
    await page.locator('nuncio-group-list .row', { hasText: name }).click();
    await page.getByLabel('Write a message').waitFor();
  }

  async function openPage(page: Page, name: string): Promise<void> {
    await openGroup(page, name);
    await header(page).locator('.who').click();
    await member(page, 'ann').waitFor();
  }

  async function choose(page: Page, name: string, item: string): Promise<void> {
    await member(page, name).getByRole('button', { name: /^Options/ }).click();
    await page.getByRole('menuitem', { name: item, exact: true }).click();
  }

  async function end(pages: Page[]): Promise<void> {
    for (const page of pages) await page.context().close();
  }

  it('three members write to each other under their names in the group', async () => {
    const { pages, ids, name } = await group(3);
    const [ann, ben, cem] = pages as [Page, Page, Page];
    await openGroup(ann, name);
    await header(ann).getByText('3 members').waitFor();
    await say(ann, 'Hello all');
    await row(ben, name).getByText(`${ids[0]}: Hello all`).waitFor();
    await poll(() => row(ben, name).getByText('1 unread').count()).toBe(1);
    await row(ben, name).click();
    await entry(ben, 'Hello all').locator('.sender', { hasText: ids[0]! }).waitFor();
    await poll(() => row(ben, name).getByText('unread').count()).toBe(0);
    await header(ben).locator('.who').click();
    await groupPage(ben).getByLabel('Your name in this group', { exact: true }).fill('Captain');
    await groupPage(ben).getByRole('button', { name: 'Save: Your name in this group' }).click();
    await groupPage(ben).getByText('Saved').waitFor();
    await ben.keyboard.press('Escape');
    await say(ben, 'Aye');
    await row(cem, name).getByText('Captain: Aye').waitFor();
    await entry(ann, 'Aye').locator('.sender', { hasText: 'Captain' }).waitFor();
    expect(await entry(ann, 'Hello all').locator('.sender').count()).toBe(0);
    await end(pages);
  });

  it('a name is the nickname, else the alias, else the profile\'s, else the push identity\'s, else the id', async () => {
    const { pages, ids, groupId, name } = await group(2);
    const [ann, ben] = pages as [Page, Page];
    await world.nuncio.api('/v4/user/update', { userId: ids[1], name: 'Pushed Ben' });
    await openGroup(ann, name);
    await ben.evaluate((id) => new window.chat.GroupChannel(id).sendMessage(new window.chat.SendTextMessageParams({ text: 'It is me' })), groupId);
    const sender = entry(ann, 'It is me').locator('.sender');
    // Nobody is told of another push identity: it is seen once members are asked for anew.
    await ann.evaluate(([id, user]) => window.chatui.userInfo.reloadMember(id, user), [groupId, ids[1]!] as const);
    await poll(() => sender.textContent()).toBe('Pushed Ben');
    await ben.evaluate(() => window.chat.NCEngine.userModule.updateMyUserProfile({ name: 'Profile Ben' }));
    await ann.evaluate((id) => window.chatui.userInfo.reload(id), ids[1]!);
    await poll(() => sender.textContent()).toBe('Profile Ben');
    await ann.evaluate((id) => window.chat.NCEngine.userModule.addFriend({ userId: id }), ids[1]!);
    await ben.evaluate((id) => window.chat.NCEngine.userModule.acceptFriendApplication(id), ids[0]!);
    await ann.evaluate((id) => window.chat.NCEngine.userModule.setFriendInfo({ userId: id, remark: 'Benny' }), ids[1]!);
    await poll(() => sender.textContent()).toBe('Benny');
    await ben.evaluate(([id, me]) => new window.chat.GroupChannel(id).setMemberInfo({ userId: me, nickname: 'Captain' }), [groupId, ids[1]!] as const);
    await poll(() => sender.textContent()).toBe('Captain');
    expect(await ann.evaluate(([id, other]) => [window.chatui.userInfo.displayName(other), window.chatui.userInfo.displayName(other, id)], [groupId, ids[1]!] as const)).toEqual(['Benny', 'Captain']);
    await end(pages);
  });

  it('a group is made from the picker, named by its members, and shows their pictures as its own', async () => {
    const { pages, ids } = await group(3);
    const [ann, ben] = pages as [Page, Page];
    await pane(ann, 'Groups');
    await ann.getByRole('button', { name: 'New group' }).click();
    const form = ann.locator('nuncio-group-form');
    await form.getByLabel('Add a user id').fill(ids[1]!);
    await form.getByLabel('Add a user id').press('Enter');
    await form.getByLabel('Add a user id').fill(ids[2]!);
    await form.getByRole('button', { name: 'Add', exact: true }).click();
    await form.getByText('2 of at most 30 chosen').waitFor();
    await form.getByRole('button', { name: 'New group' }).click();
    await header(ann).getByText(`${ids[0]}, ${ids[1]}, ${ids[2]}`).waitFor();
    await poll(() => header(ann).locator('.mosaic > .avatar').count()).toBe(3);
    await say(ann, 'First words');
    await row(ben, 'First words').waitFor();
    await end(pages);
  });

  it('members are mentioned by keyboard, and see it', async () => {
    const { pages, ids, groupId, name } = await group(3);
    const [ann, ben, cem] = pages as [Page, Page, Page];
    await openGroup(ann, name);
    const field = ann.getByLabel('Write a message');
    await field.pressSequentially('Look @');
    await ann.getByRole('option', { name: 'everyone' }).waitFor();
    await ann.getByRole('option', { name: ids[2]! }).waitFor();
    expect(await field.getAttribute('aria-activedescendant')).toBe('mention-0');
    await field.pressSequentially('ben');
    await poll(() => ann.getByRole('option').count()).toBe(1);
    await field.press('Enter');
    await poll(() => field.inputValue()).toBe(`Look @${ids[1]} `);
    await field.pressSequentially('at this');
    await field.press('Enter');
    await row(ben, name).getByText('[@You]').waitFor();
    await row(cem, name).getByText('at this').waitFor();
    expect(await row(cem, name).getByText('[@You]').count()).toBe(0);
    await row(ben, name).click();
    await poll(() => row(ben, name).getByText('[@You]').count()).toBe(0);
    await poll(() => entry(ben, 'at this').locator('.bubble.mentions').count()).toBe(1);

    await field.pressSequentially('@ev');
    await field.press('Tab');
    await field.pressSequentially('tomorrow');
    await field.press('Enter');
    await row(cem, name).getByText('[@You]').waitFor();
    const sent = await ann.evaluate(async (id) => {
      const page = await window.chat.BaseChannel.createMessagesQuery({ channelIdentifier: new window.chat.GroupChannel(id).identifier, pageSize: 5 }).loadNextPage();
      return page.data?.data.filter(({ messageType }) => messageType === 'RC:TxtMsg').map(({ content }) => content);
    }, groupId);
    expect(sent).toMatchObject([{ text: '@everyone tomorrow', mentionedInfo: { type: 1 } }, { mentionedInfo: { type: 2, userIdList: [ids[1]] } }]);

    // A plain member is not offered everybody; Escape leaves the text as it is.
    await ben.getByLabel('Write a message').pressSequentially('mail@');
    expect(await ben.getByRole('option').count()).toBe(0);
    await ben.getByLabel('Write a message').fill('');
    await ben.getByLabel('Write a message').pressSequentially('@');
    await ben.getByRole('option', { name: ids[2]! }).waitFor();
    expect(await ben.getByRole('option', { name: 'everyone' }).count()).toBe(0);
    await ben.keyboard.press('Escape');
    await poll(() => ben.getByRole('option').count()).toBe(0);
    expect(await ben.getByLabel('Write a message').inputValue()).toBe('@');
    await end(pages);
  });

  it('changes of the group are told between the messages, in the reader\'s language', async () => {
    const { pages, ids, groupId, name } = await group(3);
    const [ann, ben] = pages as [Page, Page];
    const notice = (page: Page, line: string): Promise<void> => page.locator('.notice', { hasText: line }).last().waitFor();
    await row(ben, name).getByText(`${ids[0]} made the group`).waitFor();
    await row(ben, name).click();
    await row(ann, name).click();
    await notice(ann, 'You made the group');
    await ann.evaluate(async ([id, user, another]) => {
      const channel = new window.chat.GroupChannel(id);
      await channel.updateInfo({ groupName: 'Hikers', notice: 'At nine' });
      await channel.addAdmins([user]);
      await channel.kickMembers({ userIds: [another] });
      await channel.inviteUsers([another]);
      await channel.setFrozen(true);
    }, [groupId, ids[1]!, ids[2]!] as const);
    await notice(ben, `${ids[0]} named the group “Hikers”`);
    await notice(ben, `${ids[0]} changed the announcement`);
    await notice(ben, `${ids[0]} made you a manager`);
    await notice(ben, `${ids[0]} removed ${ids[2]}`);
    await notice(ben, `${ids[0]} added ${ids[2]}`);
    await notice(ann, 'You let only some members write');
    await ben.evaluate(() => window.chatui.setLanguage('zh'));
    await notice(ben, '群名称改为“Hikers”');
    await ben.evaluate(() => window.chatui.setLanguage(undefined));
    // The app's server does it: nobody is named.
    await world.nuncio.api('/v4/group-channel/profile/update', { channelId: groupId, groupProfile: { name: 'Runners' } });
    await notice(ben, 'The group is called “Runners” now');
    expect(await row(ben, 'Runners').getByText('unread').count()).toBe(0);
    await end(pages);
  });

  it('who wrote sees how many have read it, and who', async () => {
    const { pages, ids, name } = await group(3);
    const [ann, ben, cem] = pages as [Page, Page, Page];
    await openGroup(ann, name);
    await say(ann, 'Who is coming?');
    await entry(ann, 'Who is coming?').getByText('Read by nobody yet').waitFor();
    await row(ben, name).click();
    await entry(ann, 'Who is coming?').getByRole('button', { name: 'Read by 1 of 2' }).click();
    const receipts = ann.locator('nuncio-read-receipts');
    await receipts.getByText('Read (1)').waitFor();
    await receipts.locator('section', { hasText: 'Read (1)' }).getByText(ids[1]!).waitFor();
    await receipts.locator('section', { hasText: 'Not read yet (1)' }).getByText(ids[2]!).waitFor();
    await ann.keyboard.press('Escape');
    await row(cem, name).click();
    await entry(ann, 'Who is coming?').getByText('Read by all').waitFor();
    await ann.reload();
    await row(ann, name).click();
    await entry(ann, 'Who is coming?').getByText('Read by all').waitFor();
    expect(await entry(ben, 'Who is coming?').getByText('Read by').count()).toBe(0);
    await end(pages);
  });

  it('the owner makes managers, mutes, removes and hands over; refusals are told under the message', async () => {
    const { pages, ids, name } = await group(3);
    const [ann, ben, cem] = pages as [Page, Page, Page];
    ann.on('dialog', (dialog) => void dialog.accept());
    await openGroup(ben, name);
    await openGroup(cem, name);
    await openPage(ann, name);
    await choose(ann, ids[1]!, 'Make a manager');
    await member(ann, ids[1]!).getByText('Manager').waitFor();
    await choose(ann, ids[2]!, 'Mute for an hour');
    await member(ann, ids[2]!).getByText('Muted').waitFor();
    await cem.getByText(/You are muted in this group until/).waitFor();
    await say(cem, 'Am I heard?');
    await entry(cem, 'Am I heard?').getByText('You are muted in this group.').waitFor();
    await choose(ann, ids[2]!, 'Unmute');
    await poll(() => cem.getByText(/You are muted in this group until/).count()).toBe(0);
    await choose(ann, ids[2]!, 'Add to favorites');
    await member(ann, ids[2]!).getByLabel('Favorite').waitFor();

    await groupPage(ann).getByLabel(/may write$/).check();
    await cem.getByText(/and those they allow may write here now/).waitFor();
    expect(await ben.getByText(/and those they allow may write here now/).count()).toBe(0);
    await choose(ann, ids[2]!, 'Let write');
    await member(ann, ids[2]!).getByText('May write').waitFor();
    await poll(() => cem.getByText(/and those they allow may write here now/).count()).toBe(0);
    await say(cem, 'I may');
    await entry(cem, 'I may').getByText(/Read by/).waitFor();
    await cem.reload();
    await row(cem, name).click();
    await entry(cem, 'I may').waitFor();
    await poll(() => cem.getByText(/and those they allow may write here now/).count()).toBe(0);
    await choose(ann, ids[2]!, 'Let write no longer');
    await cem.getByText(/and those they allow may write here now/).waitFor();
    await groupPage(ann).getByLabel(/may write$/).uncheck();
    await poll(() => cem.getByText(/and those they allow may write here now/).count()).toBe(0);

    await choose(ann, ids[2]!, 'Remove from the group');
    await poll(() => member(ann, ids[2]!).count()).toBe(0);
    await cem.getByText('You are not in this group.').first().waitFor();
    await say(cem, 'Still there?');
    await entry(cem, 'Still there?').getByText('You are not in this group.').waitFor();

    await choose(ann, ids[1]!, 'Hand the group over');
    await member(ann, ids[1]!).getByText('Owner').waitFor();
    await groupPage(ann).getByRole('button', { name: 'Leave the group' }).click();
    await groupPage(ann).getByText('You are not in this group.').waitFor();
    await header(ben).getByText('1 member').waitFor();
    await end(pages);
  });

  it('what the group says of itself and its permissions are changed, and members see it', async () => {
    const { pages, ids, name } = await group(2);
    const [ann, ben] = pages as [Page, Page];
    await openPage(ben, name);
    expect(await groupPage(ben).getByText('Permissions').count()).toBe(0);
    await openPage(ann, name);
    await groupPage(ann).getByText('Name, picture and announcement', { exact: true }).click();
    await groupPage(ann).getByLabel('Group name').fill('Hikers');
    await groupPage(ann).getByRole('textbox', { name: 'Announcement' }).fill('Sunday at nine');
    await groupPage(ann).getByLabel('Picture address').fill('javascript:alert(1)');
    await groupPage(ann).getByRole('button', { name: 'Save', exact: true }).click();
    await groupPage(ann).getByText(/Enter an address that begins with/).waitFor();
    await groupPage(ann).getByLabel('Picture address').fill('');
    await groupPage(ann).getByRole('button', { name: 'Save', exact: true }).click();
    await groupPage(ben).getByText('Sunday at nine').waitFor();
    await header(ben).getByText('Hikers').waitFor();
    await groupPage(ann).getByText('Permissions', { exact: true }).click();
    await groupPage(ann).getByLabel('Who may change name, picture and announcement').selectOption('All members');
    await groupPage(ben).getByText('Name, picture and announcement', { exact: true }).waitFor();

    await groupPage(ben).getByLabel('Your name for this group', { exact: true }).fill('Sunday people');
    await groupPage(ben).getByRole('button', { name: 'Save: Your name for this group' }).click();
    await header(ben).getByText('Sunday people').waitFor();
    await groupPage(ben).getByLabel('Notifications').selectOption('None');
    await groupPage(ben).getByText('Saved').waitFor();
    await groupPage(ben).getByLabel('Keep on top of the list').check();
    const again = await world.open(ids[1]!);
    await row(again, 'Sunday people').getByLabel('Pinned').waitFor();
    await row(again, 'Sunday people').getByLabel('Muted').waitFor();
    await end([...pages, again]);
  });

  it('what notifies is set for all groups, and holds on other devices', async () => {
    const { pages, ids } = await group(1);
    const [ann] = pages as [Page];
    await pane(ann, 'You');
    await ann.getByLabel('From groups').selectOption('Mentions of you only');
    const level = (): Promise<number | undefined> => ann.evaluate(async () => (await window.chat.BaseChannel.getChannelTypeNoDisturbLevel(3)).data);
    await poll(level).toBe(2);
    const again = await world.open(ids[0]!);
    await pane(again, 'You');
    await poll(() => again.getByLabel('From groups').inputValue()).toBe('2');
    await poll(() => again.getByLabel('From users').inputValue()).toBe('-1');
    await end([...pages, again]);
  });

  it('requests to join and invitations are answered', async () => {
    const { pages, ids, groupId, name } = await group(1, { joinPermission: 0, inviteHandlePermission: 1 });
    const [ann] = pages as [Page];
    const ben = await world.open(`ben${number}`);
    await pane(ben, 'Groups');
    await ben.getByText('No groups yet').waitFor();
    await ben.getByLabel('Join a group by its id').fill(groupId);
    await ben.getByRole('button', { name: 'Join', exact: true }).click();
    await ben.getByText('Asked to join. Somebody has to approve it.').waitFor();
    await pane(ann, 'Requests');
    await ann.getByRole('button', { name: `Accept: ben${number} asks to join ${name}.` }).click();
    await poll(() => ben.locator('nuncio-group-list .row', { hasText: name }).count()).toBe(1);

    const outsider = await world.open(`eve${number}`);
    await openPage(ann, name);
    await groupPage(ann).getByRole('button', { name: 'Invite', exact: true }).click();
    await groupPage(ann).getByLabel('Add a user id').fill(`eve${number}`);
    await groupPage(ann).getByRole('button', { name: 'Add', exact: true }).click();
    await groupPage(ann).getByRole('button', { name: 'Invite', exact: true }).last().click();
    await groupPage(ann).getByText('They were asked to join.').waitFor();
    await pane(outsider, 'Requests');
    await outsider.getByRole('button', { name: `Decline: ${ids[0]} invites you to ${name}.` }).click();
    await outsider.getByText('Declined').waitFor();
    await ann.keyboard.press('Escape');
    await end([...pages, ben, outsider]);
  });

  it('a notification opens the conversation that it is about', async () => {
    const { pages, groupId, name } = await group(2);
    const [ann] = pages as [Page];
    const click = (data: object): Promise<void> => ann.evaluate((nuncioPushOpened) => {
      // What the service worker posts when a notification is clicked.
      navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: { nuncioPushOpened } }));
    }, data);
    await click({ channelType: 3, channelId: groupId, messageId: '1' });
    await header(ann).getByText(name).waitFor();
    await click({ channelType: 1, channelId: 'somebody', messageId: '1' });
    await header(ann).getByText('somebody').waitFor();
    await end(pages);
  });

  it('dismissing ends the group for everybody', async () => {
    const { pages, name } = await group(2);
    const [ann, ben] = pages as [Page, Page];
    ann.on('dialog', (dialog) => void dialog.accept());
    await openGroup(ben, name);
    await openPage(ann, name);
    await groupPage(ann).getByRole('button', { name: 'Dismiss the group' }).click();
    await ben.getByText('You are not in this group.').first().waitFor();
    await header(ben).getByText(name).waitFor();
    await end(pages);
  });

  it('names that are scripts, or written from right to left, stay text', async () => {
    const script = '<img src=x onerror="window.hacked=true">';
    const { pages, ids, groupId } = await group(3);
    const [ann, ben] = pages as [Page, Page];
    await ann.evaluate(([id, line]) => new window.chat.GroupChannel(id).updateInfo({ groupName: line, notice: line, introduction: line }), [groupId, script] as const);
    await ann.evaluate(([id, user, line]) => new window.chat.GroupChannel(id).setMemberInfo({ userId: user, nickname: line }), [groupId, ids[0]!, script] as const);
    await ben.evaluate(([id, user]) => new window.chat.GroupChannel(id).setMemberInfo({ userId: user, nickname: '\u202eقبطان‮' }), [groupId, ids[1]!] as const);
    await ann.evaluate(async ([id, line]) => {
      const { GroupChannel, SendTextMessageParams } = window.chat;
      await new GroupChannel(id).sendMessage(new SendTextMessageParams({ text: 'Boo', extra: line }));
    }, [groupId, script] as const);
    for (const content of [
      { operatorUserId: script, operation: 'Add', data: JSON.stringify({ targetUserIds: [script, 5], targetCount: 'x' }), message: script },
      { operation: 'Nonsense', data: '[', message: `Whatever ${script}` },
      { operation: 7, data: 7, message: `Nothing ${script}`, mentionedInfo: { type: 2, userIdList: 7 } },
    ]) {
      const body = { fromUserId: ids[0], toChannelIds: [groupId], messageType: 'RC:GrpNtf', content: JSON.stringify(content) };
      await world.nuncio.api('/v4/group-channel/message/send', body);
    }
    await row(ben, '<img').click();
    await entry(ben, 'Boo').locator('.sender', { hasText: '<img' }).waitFor();
    for (const line of [`${script} joined the group`, `Whatever ${script}`, `Nothing ${script}`]) await ben.locator('.notice', { hasText: line }).waitFor();
    await header(ben).locator('.who').click();
    await member(ben, '<img').waitFor();
    expect(await member(ben, 'قبطان').locator('.name').getAttribute('dir')).toBe('auto');
    expect(await ben.evaluate(() => window.hacked)).toBeUndefined();
    await end(pages);
  });

  it('of 10,000 members that the app lists, few rows are in the page, and a search finds one', async () => {
    const { pages, groupId, name } = await group(2);
    const [ann] = pages as [Page];
    await ann.evaluate((id) => {
      const { userInfo } = window.chatui;
      const asked: string[] = [];
      Object.assign(window, { asked });
      userInfo.setUserInfoProvider(async (ids) => ids.map((userId) => ({ userId, name: `Name of ${userId}` })), false);
      userInfo.setGroupInfoProvider(async (ids) => ids.map((groupId) => ({ groupId, name: groupId === id ? 'The app\'s name' : groupId, memberCount: 10_000 })), false);
      userInfo.setGroupMembersProvider(async (groupId) => {
        asked.push(groupId);
        return Array.from({ length: 10_000 }, (_, index) => ({ userId: `m${index}`, ...(index === 7_777 ? { nickname: 'The needle' } : {}) }));
      });
    }, groupId);
    await openGroup(ann, 'The app\'s name');
    expect(name).not.toBe('The app\'s name');
    await header(ann).locator('.who').click();
    await member(ann, 'Name of m3').waitFor();
    expect(await ann.locator('nuncio-group-members li').count()).toBeLessThan(30);
    await ann.locator('nuncio-group-members .scroll').evaluate((scroller) => scroller.scrollTo(0, 5_000 * 56));
    await member(ann, 'Name of m5000').waitFor();
    expect(await ann.locator('nuncio-group-members li').count()).toBeLessThan(30);
    expect(await ann.locator('nuncio-group-members li').first().getAttribute('aria-setsize')).toBe('10000');
    await groupPage(ann).getByLabel('Search members').fill('needle');
    await poll(() => ann.locator('nuncio-group-members li').count()).toBe(1);
    await ann.evaluate((id) => window.chatui.userInfo.removeGroupMembers(id, ['m7777']), groupId);
    await ann.keyboard.press('Escape');
    await header(ann).getByText('9999 members').waitFor();
    await ann.evaluate((id) => window.chatui.userInfo.addGroupMembers(id, [{ userId: 'fresh', nickname: 'Fresh' }]), groupId);
    await header(ann).getByText('10000 members').waitFor();
    await ann.evaluate((id) => window.chatui.userInfo.refreshGroupInfo({ groupId: id, name: 'Renamed by the app', memberCount: 3 }), groupId);
    await header(ann).getByText('Renamed by the app').waitFor();
    expect(await ann.evaluate(() => (window as unknown as { asked: string[] }).asked.length)).toBe(1);
    await end(pages);
  });

  it('members come from the service page by page as one scrolls, and a search asks it', async () => {
    // An app in production, which more than a hundred users may be registered in.
    const app = await world.nuncio.createApp('Many');
    const ids = Array.from({ length: 230 }, (_, index) => `m${String(index).padStart(3, '0')}`);
    await app.token('ann');
    for (let at = 0; at < ids.length; at += 23) await Promise.all(ids.slice(at, at + 23).map((id) => app.token(id)));
    await app.api('/v4/group-channel/create', { channelId: 'many', name: 'Many', owner: 'ann' });
    for (let at = 0; at < ids.length; at += 100) await app.api('/v4/group-channel/join', { channelId: 'many', userIds: ids.slice(at, at + 100) });
    await app.api('/v4/group-channel/admin/add', { channelId: 'many', userIds: ['m222'] });
    await app.api('/v4/group-channel/member/set', { channelId: 'many', userId: 'm229', nickname: 'Needle' });
    const page = await world.open('ann', {}, {}, app);
    await openGroup(page, 'Many');
    await header(page).getByText('231 members').waitFor();
    await header(page).locator('.who').click();
    // By role: the owner, the manager, then the members as they joined.
    await member(page, 'm000').waitFor();
    expect(await page.locator('nuncio-group-members li .name').allTextContents()).toEqual(expect.arrayContaining(['ann', 'm222', 'm000']));
    expect((await page.locator('nuncio-group-members li .name').allTextContents()).slice(0, 3)).toEqual(['ann', 'm222', 'm000']);
    const loaded = async (): Promise<number> => Number(await page.locator('nuncio-group-members li').first().getAttribute('aria-setsize'));
    expect(await loaded()).toBeLessThan(150);
    await groupPage(page).getByLabel('Search members').fill('needle');
    await member(page, 'Needle').waitFor();
    expect(await page.locator('nuncio-group-members li').count()).toBe(1);
    await groupPage(page).getByLabel('Search members').fill('');
    for (const last of ['m080', 'm150', 'm228']) {
      await poll(async () => {
        await page.locator('nuncio-group-members .scroll').evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight));
        return Number(await page.locator('nuncio-group-members li').last().getAttribute('aria-posinset'));
      }).toBeGreaterThan(Number(last.slice(1)));
    }
    await poll(loaded).toBe(231);
    await member(page, 'Needle').waitFor();
    expect(await page.locator('nuncio-group-members li').count()).toBeLessThan(30);
    await end([page]);
  });

  it.each([
    ['light', 1100, 760],
    ['dark', 1100, 760],
    ['light', 390, 780],
    ['dark', 390, 780],
  ] as const)('axe finds no serious fault (%s, %i px wide)', async (theme, width, height) => {
    const { pages, ids, name } = await group(2, { notice: 'See https://example.com', introduction: 'About us' });
    await pages[1]!.evaluate((id) => new window.chat.GroupChannel(id).sendMessage(new window.chat.SendTextMessageParams({ text: 'Hi', mentionedInfo: { type: 1 } })), `g${number}`);
    const page = await world.open(ids[0]!, { viewport: { width, height }, colorScheme: theme }, { theme });
    const check = async (): Promise<void> => {
      await page.evaluate(await readFile(axe, 'utf8'));
      const found = await page.evaluate(async () => {
        const results = await (window as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }).axe.run();
        return results.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      });
      expect(found).toEqual([]);
    };
    await row(page, name).waitFor();
    await check();
    await pane(page, 'Groups');
    await page.locator('nuncio-group-list .row', { hasText: name }).waitFor();
    await check();
    await page.getByRole('button', { name: 'New group' }).click();
    await page.locator('nuncio-group-form').waitFor();
    await check();
    await page.getByRole('button', { name: 'Close' }).click();
    await openGroup(page, name);
    await page.getByLabel('Write a message').pressSequentially('@');
    await page.getByRole('option').first().waitFor();
    await check();
    await page.keyboard.press('Escape');
    await header(page).locator('.who').click();
    await member(page, ids[1]!).waitFor();
    await groupPage(page).getByText('Permissions', { exact: true }).click();
    await groupPage(page).getByText('Name, picture and announcement', { exact: true }).click();
    await groupPage(page).getByRole('button', { name: 'Invite', exact: true }).click();
    await check();
    if (process.env['SCREENSHOTS']) await page.screenshot({ path: `${process.env['SCREENSHOTS']}/group-page-${theme}-${width}.png` });
    await end([...pages, page]);
  });

  it('asks no host but its own, breaks no content security policy and prints no error', () => {
    expect([...world.hosts]).toEqual(['127.0.0.1']);
    expect(world.complaints).toEqual([]);
  });
});
