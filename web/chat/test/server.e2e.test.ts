import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { binary, Nuncio } from './support/nuncio.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, moment, until } from './support/sdk.js';

interface Device {
  sdk: Chat;
  heard: Heard;
  users: Chat['NCEngine']['userModule'];
}

describe.skipIf(binary === undefined)('against the real server', () => {
  const nuncio = new Nuncio();
  let devices: Device[] = [];
  let number = 0;

  async function device(userId: string, options: object = {}): Promise<Device> {
    const token = await nuncio.token(userId);
    const sdk = await freshSdk();
    sdk.NCEngine.initialize({
      appKey: nuncio.appKey, naviServer: nuncio.url, reconnect: { initialDelayMs: 50, maxDelayMs: 500 }, ...options,
    });
    const heard = listen(sdk);
    expect(await sdk.NCEngine.connect({ token })).toMatchObject({ isOk: true, data: { userId } });
    await until(() => heard.names.includes('offlineSynced'));
    const made = { sdk, heard, users: sdk.NCEngine.userModule };
    devices.push(made);
    return made;
  }

  /** Two users nobody has met yet. */
  async function pair(): Promise<[a: Device, b: Device, aId: string, bId: string]> {
    number += 1;
    const [a, b] = [`ann${number}`, `ben${number}`];
    return [await device(a), await device(b), a, b];
  }

  const say = async (from: Device, to: string, text: string): Promise<{ code: number; id: string }> => {
    const params = new from.sdk.SendTextMessageParams({ text });
    params.needReceipt = true;
    const result = await new from.sdk.DirectChannel(to).sendMessage(params);
    return { code: result.code, id: result.data?.messageId ?? '' };
  };
  const texts = (heard: Heard): string[] => heard.messages.map((message) => message.content.text);

  beforeAll(() => nuncio.start());
  afterEach(() => {
    for (const { sdk } of devices) sdk.NCEngine.destroy();
    devices = [];
  });
  afterAll(() => nuncio.end());

  it('a hundred messages arrive once and in order, and count as unread until read', async () => {
    const [ann, ben, a, b] = await pair();
    const sent = await Promise.all(Array.from({ length: 100 }, (_, index) => say(ann, b, `${index}`)));
    expect(sent.every((one) => one.code === 0)).toBe(true);
    await until(() => ben.heard.messages.length === 100);
    expect(texts(ben.heard)).toEqual(sent.map((_, index) => `${index}`));
    const channel = new ben.sdk.DirectChannel(a);
    expect((await channel.getUnreadCount()).data).toBe(100);
    await channel.sendReadReceiptResponse([sent[99]!.id]);
    expect((await channel.getUnreadCount()).data).toBe(0);
    await until(() => ann.heard.names.includes('receipts'));
    const info = await new ann.sdk.DirectChannel(b).getMessageReadReceiptInfo([sent[99]!.id]);
    expect(info.data).toMatchObject([{ readCount: 1 }]);
    const query = ben.sdk.BaseChannel.createMessagesQuery({ channelIdentifier: channel.identifier, pageSize: 60 });
    const pages = [await query.loadNextPage(), await query.loadNextPage()].map((page) => page.data!.data.map((message) => message.content.text));
    expect(pages.flat()).toEqual(sent.map((_, index) => `${99 - index}`));
    expect(query.hasNext).toBe(false);
  });

  it('the blocklist refuses with 405, one way, until it is lifted', async () => {
    const [ann, ben, a, b] = await pair();
    expect((await ben.users.addToBlocklist(a)).isOk).toBe(true);
    expect((await say(ann, b, 'blocked')).code).toBe(405);
    expect((await say(ben, a, 'the other way')).code).toBe(0);
    expect((await ben.users.checkBlocked(a)).data).toBe(true);
    expect((await ben.users.getBlocklist()).data).toEqual([a]);
    expect((await ben.users.removeFromBlocklist(a)).isOk).toBe(true);
    expect((await say(ann, b, 'again')).code).toBe(0);
    await until(() => ben.heard.messages.length > 0);
    expect(texts(ben.heard)).toEqual(['again']);
  });

  it('a recall reaches the other side and the history', async () => {
    const [ann, ben, , b] = await pair();
    const { id } = await say(ann, b, 'oops');
    await until(() => ben.heard.messages.length === 1);
    const channel = new ann.sdk.DirectChannel(b);
    const page = await ann.sdk.BaseChannel.createMessagesQuery({ channelIdentifier: channel.identifier }).loadNextPage();
    expect((await channel.deleteMessageForAll(page.data!.data[0]!)).isOk).toBe(true);
    await until(() => ben.heard.names.includes('deleted'));
    expect(ben.heard.events['deleted']).toMatchObject([{ messages: [{ messageId: id }] }]);
    await moment();
    expect(ann.heard.names).not.toContain('deleted');
    const after = await ann.sdk.BaseChannel.createMessagesQuery({ channelIdentifier: channel.identifier }).loadNextPage();
    expect(after.data!.data).toEqual([]);
  });

  it('an edit reaches the other side, the own other device, and the history', async () => {
    const [ann, ben, a, b] = await pair();
    const other = await device(a);
    const { id } = await say(ann, b, 'teh');
    await until(() => ben.heard.messages.length === 1 && other.heard.messages.length === 1);
    const channelIdentifier = new ann.sdk.DirectChannelIdentifier(b);
    const edit = (content: object): ReturnType<Chat['BaseChannel']['modifyMessage']> =>
      ann.sdk.BaseChannel.modifyMessage({ channelIdentifier, messageId: id, content });
    expect((await edit({ text: 'the' })).data).toMatchObject({ content: { text: 'the' }, hasChanged: true });
    await until(() => ben.heard.names.includes('modified') && other.heard.names.includes('modified'));
    for (const one of [ben, other]) {
      expect(one.heard.events['modified']).toMatchObject([{ messages: [{ messageId: id, content: { text: 'the' }, hasChanged: true }] }]);
    }
    await ben.users.addToBlocklist(a);
    expect((await edit({ text: 'THE' })).code).toBe(405);
    await ben.users.removeFromBlocklist(a);
    const theirs = new ben.sdk.DirectChannelIdentifier(a);
    expect((await ben.sdk.BaseChannel.modifyMessage({ channelIdentifier: theirs, messageId: id, content: { text: 'mine' } })).code).toBe(25107);
    const image = new ann.sdk.SendMessageParams({ remoteUrl: 'https://x.example/a.png' }, ann.sdk.MessageType.IMAGE);
    const picture = await new ann.sdk.DirectChannel(b).sendMessage(image);
    const content = { remoteUrl: 'https://x.example/b.png' };
    const refused = await ann.sdk.BaseChannel.modifyMessage({ channelIdentifier, messageId: picture.data!.messageId, content });
    expect(refused.code).toBe(20116);
    const page = await ben.sdk.BaseChannel.createMessagesQuery({ channelIdentifier: theirs }).loadNextPage();
    expect(page.data!.data.map((message) => message.content.text)).toEqual([undefined, 'the']);
    expect(ann.sdk.NCEngine.getAppSettings().data).toMatchObject({ messageModifiableMinutes: 1_440 });
    expect(ann.heard.names).not.toContain('modified');
  });

  it('friends: asked, accepted, named, lost', async () => {
    const [ann, ben, a, b] = await pair();
    await ben.users.setFriendAddPermission(ben.sdk.FriendAddPermission.NEED_VERIFY);
    expect((await ann.users.addFriend({ userId: b, extra: 'hi' })).data).toEqual({ processCode: 25461 });
    await until(() => ben.heard.names.includes('application'));
    expect((await ben.users.acceptFriendApplication(a)).isOk).toBe(true);
    await until(() => ann.heard.names.includes('friendAdd') && ben.heard.names.includes('friendAdd'));
    expect((await ann.users.setFriendInfo({ userId: b, remark: 'Benny' })).isOk).toBe(true);
    expect((await ann.users.getFriends()).data).toMatchObject([{ userId: b, remark: 'Benny' }]);
    expect((await ann.users.searchFriendsInfo('enn')).data).toHaveLength(1);
    expect((await ann.users.removeFriends([b])).isOk).toBe(true);
    await until(() => ben.heard.names.includes('friendRemove'));
    expect((await ben.users.checkFriends([a])).data).toMatchObject([{ userId: a, relation: 0 }]);
  });

  it('profiles are changed and seen, and refusals name the keys', async () => {
    const [ann, ben, a] = await pair();
    const profile = { name: 'Ann', portraitUri: 'https://x.example/a.png', gender: ann.sdk.UserGender.FEMALE };
    expect((await ann.users.updateMyUserProfile(profile)).isOk).toBe(true);
    expect((await ben.users.getUserProfiles([a, 'nobody'])).data).toMatchObject([{ userId: a, name: 'Ann' }]);
    await until(() => ann.heard.names.includes('myProfile'));
    const refused = await ann.users.updateMyUserProfile({ portraitUri: 'javascript:alert(1)' });
    expect(refused).toMatchObject({ isOk: false, data: { errorKeys: ['portraitUri'] } });
  });

  it('a new profile is told to friends by themselves, and to others who have subscribed', async () => {
    const [ann, ben, a, b] = await pair();
    const eve = await device('eve');
    await nuncio.api('/v4/friend/add', { userId: a, targetId: b, action: 2 });
    const { USER_PROFILE, FRIEND_USER_PROFILE } = ann.sdk.SubscribeType;
    expect((await eve.users.subscribeEvent({ userIds: [a], subscribeType: USER_PROFILE })).isOk).toBe(true);
    expect((await ann.users.updateMyUserProfile({ name: 'Anna' })).isOk).toBe(true);
    await until(() => [ben, eve].every(({ heard }) => heard.names.includes('subscription')));
    const told = (subscribeType: number): object[] => [{ events: [{ userId: a, subscribeType, userProfile: { name: 'Anna' } }] }];
    expect(ben.heard.events['subscription']).toMatchObject(told(FRIEND_USER_PROFILE));
    expect(eve.heard.events['subscription']).toMatchObject(told(USER_PROFILE));
  });

  it('online status follows the connection of those subscribed to', async () => {
    const [ann, ben, a] = await pair();
    const params = { userIds: [a], subscribeType: ben.sdk.SubscribeType.ONLINE_STATUS };
    expect((await ben.users.subscribeEvent({ ...params, expiry: 60 })).isOk).toBe(true);
    expect((await ben.users.getSubscribeEvent(params)).data![0]!.details[0]!.eventValue).toBe(1);
    const other = await device(ben.sdk.NCEngine.getCurrentUserId());
    expect((await other.users.unsubscribeEvent(params)).isOk).toBe(true);
    expect((await other.users.subscribeEvent({ ...params, expiry: 90 })).isOk).toBe(true);
    await until(() => ben.heard.events['subscribedElsewhere']?.length === 2);
    const { SUBSCRIBE, UNSUBSCRIBE } = ben.sdk.SubscribeOperationType;
    const told = (operationType: number, expiry: number): object =>
      ({ events: [{ userId: a, subscribeType: params.subscribeType, operationType, expiry }] });
    expect(ben.heard.events['subscribedElsewhere']).toMatchObject([told(UNSUBSCRIBE, 0), told(SUBSCRIBE, 90)]);
    expect(other.heard.names).not.toContain('subscribedElsewhere');
    await ann.sdk.NCEngine.disconnect();
    await until(() => ben.heard.names.includes('subscription'));
    expect(ben.heard.events['subscription']).toMatchObject([{ events: [{ userId: a, details: [{ eventValue: 0 }] }] }]);
  });

  it('two devices of one user see the same, and what is read on one is read on the other', async () => {
    const [ann, ben, a, b] = await pair();
    const other = await device(b);
    await say(ann, b, 'to both');
    await until(() => ben.heard.messages.length === 1 && other.heard.messages.length === 1);
    await say(ben, a, 'from one');
    await until(() => other.heard.messages.length === 2);
    expect(other.heard.messages[1]!.direction).toBe(1);
    await new ben.sdk.DirectChannel(a).clearUnreadCount();
    await until(() => other.heard.names.includes('unreadSync'));
    expect((await new other.sdk.DirectChannel(a).getUnreadCount()).data).toBe(0);
    expect(ben.heard.names).not.toContain('unreadSync');
  });

  it('what is set for a channel holds on the user’s other devices, those of later too', async () => {
    const [ann, ben, a, b] = await pair();
    const other = await device(b);
    await say(ann, b, 'hi');
    await until(() => ben.heard.messages.length === 1 && other.heard.messages.length === 1);
    const channel = new ben.sdk.DirectChannel(a);
    await channel.setNoDisturbLevel(ben.sdk.ChannelNoDisturbLevel.MUTED);
    const level = { channelType: ben.sdk.ChannelType.GROUP, level: ben.sdk.ChannelNoDisturbLevel.MENTION };
    expect((await ben.sdk.BaseChannel.setChannelTypeNoDisturbLevel(level)).isOk).toBe(true);
    await channel.pin();
    await until(() => other.heard.names.includes('pinnedSync') && other.heard.names.includes('levelSync'));
    const later = await device(b);
    for (const { sdk } of [other, later]) {
      expect((await new sdk.DirectChannel(a).reload()).data).toMatchObject({ isPinned: true, noDisturbLevel: 5 });
      expect((await sdk.BaseChannel.getChannelTypeNoDisturbLevel(sdk.ChannelType.GROUP)).data).toBe(1);
    }
    await channel.unpin();
    await channel.delete();
    await until(() => other.heard.events['pinnedSync']?.length === 2);
    const list = async ({ sdk }: Device): Promise<string[]> =>
      (await sdk.BaseChannel.createChannelsQuery({}).loadNextPage()).data!.data.map((one) => one.channelId);
    await expect.poll(() => list(other), { timeout: 30_000 }).toEqual([]);
    await say(ann, b, 'again');
    await until(() => later.heard.messages.length === 1);
    expect(await list(later)).toEqual([a]);
    expect(ben.heard.names.filter((name) => name === 'pinnedSync' || name === 'levelSync')).toEqual([]);
  });

  it('the ten lines of the quick start run as they are printed', async () => {
    const page = readFileSync(new URL('../../../docs/web-quick-start.md', import.meta.url), 'utf8');
    const printed = /```ts\n([^]*?)```/.exec(page)?.[1] ?? '';
    const lines = printed.trim().split('\n').filter((line) => line !== '');
    const token = await nuncio.token('alice-qs');
    const ben = await device('bob');
    const code = printed.replace('the App Key', nuncio.appKey).replace('http://127.0.0.1:9645', nuncio.url).replace("alice's token", token);
    const folder = mkdtempSync(join(tmpdir(), 'quick-start-'));
    mkdirSync(join(folder, 'node_modules/@nuncio'), { recursive: true });
    symlinkSync(fileURLToPath(new URL('..', import.meta.url)), join(folder, 'node_modules/@nuncio/chat'));
    writeFileSync(join(folder, 'first.mjs'), code);
    const child = spawn(process.execPath, ['first.mjs'], { cwd: folder });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
    await until(() => output.includes('sent as') || child.exitCode !== null);
    await until(() => texts(ben.heard).includes('Hello Bob'));
    await say(ben, 'alice-qs', 'Hello Alice');
    await until(() => output.includes('bob Hello Alice'));
    child.kill();
    rmSync(folder, { recursive: true });
    expect(output).toMatch(/^I am alice-qs\nsent as \S+\nbob Hello Alice\n$/);
    expect(lines.length).toBeLessThanOrEqual(10);
  });

  it('a ban ends the connection at once and says why; the next login is refused until it is lifted', async () => {
    const [ann, , a] = await pair();
    await nuncio.api('/v4/user/ban', { userIds: [a], durationMinutes: 5, reason: 'spam' });
    await until(() => ann.heard.statuses.some((event) => event.status === ann.sdk.ConnectionStatus.DISCONNECTED));
    const last = ann.heard.statuses[ann.heard.statuses.length - 1]!;
    expect(last).toMatchObject({ code: 31011, reason: 'spam' });
    expect(last.until).toBeGreaterThan(Date.now());
    const token = await nuncio.token(a);
    expect(await ann.sdk.NCEngine.connect({ token })).toMatchObject({ isOk: false, code: 31009 });
    await nuncio.api('/v4/user/unban', { userIds: [a] });
    expect((await ann.sdk.NCEngine.connect({ token })).isOk).toBe(true);
  });

  it('an expired token is told from an invalid one, and renewed by the provider', async () => {
    const [ann, ben, a, b] = await pair();
    expect((await (await fresh()).NCEngine.connect({ token: 'nct_nonsense' })).code).toBe(31004);
    let asked = 0;
    const renewing = await device(a, { tokenProvider: () => (asked++, nuncio.token(a)) });
    await nuncio.api('/v4/auth/access-token/expire', { userIds: [a], expiresAt: Date.now() });
    await until(() => ann.heard.statuses.some((event) => event.code === 31020));
    expect(ann.sdk.NCEngine.getConnectionStatus()).toBe(ann.sdk.ConnectionStatus.DISCONNECTED);
    await until(() => asked === 1 && renewing.sdk.NCEngine.getConnectionStatus() === renewing.sdk.ConnectionStatus.CONNECTED);
    expect((await say(renewing, b, 'renewed')).code).toBe(0);
    await until(() => ben.heard.messages.length === 1);
  });

  it('the engine room of a chat UI runs as written', async () => {
    const [ann, b] = ['ann-ui', 'ben-ui'];
    await nuncio.token(b);
    const token = await nuncio.token(ann);
    vi.resetModules();
    const sdk = await import('@nexconn/chat');
    const { main } = await import('./programs/workspace.js');
    const uploader = ({ file, onProgress }: { file: File; onProgress(loaded: number, total: number): void }): Promise<{ downloadUrl: string }> => {
      onProgress(file.size, file.size);
      return Promise.resolve({ downloadUrl: `https://files.example/${file.name}` });
    };
    sdk.NCEngine.initialize({ appKey: nuncio.appKey, naviServer: nuncio.url, uploader });
    const seen = await main(b, () => sdk.NCEngine.connect({ token }));
    sdk.NCEngine.destroy();
    expect(seen).toEqual([
      'registered true, true',
      'true 0 0 0 0 0 0',
      'direct/ben-ui/ first; @ann-ui second 0',
      'direct/ben-ui/ first; @ann-ui second 0 pinned muted draft not yet',
      '0: first, [shop:order], notes.txt (4), notes.txt (4), @ann-ui second',
      'https://files.example/notes.txt',
      'first: 0', '[shop:order]: 0', 'notes.txt (4): 0', 'notes.txt (4): 0', '@ann-ui second: 0',
      'quoted first, inner 2',
      'readers 0, sends RC:TxtMsg',
      'left 0',
    ]);
  });

  it('after a new App Secret a client is told to get a new token, connected or not, and keeps what waits to be sent', async () => {
    const [ann, ben, a, b] = await pair();
    const old = await nuncio.token(a);
    await nuncio.rotateSecret();
    await until(() => ann.heard.statuses.at(-1)?.code === 31020);
    expect((await (await fresh()).NCEngine.connect({ token: old })).code).toBe(31020);
    expect((await (await fresh()).NCEngine.connect({ token: 'nct_forged' })).code).toBe(31004);
    await until(() => ben.heard.statuses.at(-1)?.code === 31020);
    const waiting = say(ann, b, 'written in between');
    expect((await ann.sdk.NCEngine.connect({ token: await nuncio.token(a) })).isOk).toBe(true);
    expect((await ben.sdk.NCEngine.connect({ token: await nuncio.token(b) })).isOk).toBe(true);
    expect((await waiting).code).toBe(0);
    await until(() => texts(ben.heard).includes('written in between'));
  });

  it('the server is killed and comes back: nothing is lost, doubled or out of order', async () => {
    const [ann, ben, , b] = await pair();
    await say(ann, b, 'before');
    const during: Promise<{ code: number }>[] = [];
    for (let index = 0; index < 50; index++) during.push(say(ann, b, `${index}`));
    await nuncio.stop('SIGKILL');
    for (let index = 50; index < 60; index++) during.push(say(ann, b, `${index}`));
    await nuncio.start();
    expect((await Promise.all(during)).every((one) => one.code === 0)).toBe(true);
    await until(() => ben.heard.messages.length >= 61, 20_000);
    await moment(200);
    expect(texts(ben.heard)).toEqual(['before', ...Array.from({ length: 60 }, (_, index) => `${index}`)]);
    expect(ann.heard.statuses.some((event) => event.status === ann.sdk.ConnectionStatus.SUSPENDED)).toBe(true);
  });

  it('a draining server is left and found again', async () => {
    const [ann, ben, , b] = await pair();
    await nuncio.stop('SIGTERM');
    await until(() => ann.heard.statuses.some((event) => event.code === 32054));
    await nuncio.start();
    expect((await say(ann, b, 'after the drain')).code).toBe(0);
    await until(() => ben.heard.messages.length === 1, 10_000);
  });

  async function fresh(): Promise<Chat> {
    const sdk = await freshSdk();
    sdk.NCEngine.initialize({ appKey: nuncio.appKey, naviServer: nuncio.url });
    return sdk;
  }
});

it.runIf(binary === undefined)('the real server has not been built: set NUNCIO_BIN or run `cargo build` to test against it', () => {
  expect(process.env['CI'], 'in CI the server must be there').toBeUndefined();
});
