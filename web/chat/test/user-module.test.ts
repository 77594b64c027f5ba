import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from './support/server.js';
import { FakeServer } from './support/server.js';
import type { Chat } from './support/sdk.js';
import { freshSdk } from './support/sdk.js';

let server: FakeServer;
let sdk: Chat;
let users: Chat['NCEngine']['userModule'];

beforeEach(async () => {
  server = await FakeServer.start();
  sdk = await freshSdk();
  sdk.NCEngine.initialize({ appKey: 'app', naviServer: server.url });
  await sdk.NCEngine.connect({ token: 'alice:1' });
  users = sdk.NCEngine.userModule;
});

afterEach(async () => {
  sdk.NCEngine.destroy();
  await server.stop();
});

const answer = (body: Answer) => (): Answer => body;

describe('the blocklist', () => {
  it('is changed, asked and listed', async () => {
    server.script.checkBlocked = ({ userId }) => ({ case: 'blockedState', value: { blocked: userId === 'bob' } });
    server.script.getBlocklist = answer({ case: 'userIds', value: { userIds: ['bob'] } });
    expect(await users.addToBlocklist('bob')).toMatchObject({ isOk: true });
    expect(await users.removeFromBlocklist('eve')).toMatchObject({ isOk: true });
    expect((await users.checkBlocked('bob')).data).toBe(true);
    expect((await users.checkBlocked('eve')).data).toBe(false);
    expect((await users.getBlocklist()).data).toEqual(['bob']);
    expect(server.asked('addToBlocklist')).toMatchObject([{ userId: 'bob' }]);
    expect(server.asked('removeFromBlocklist')).toMatchObject([{ userId: 'eve' }]);
  });

  it('refuses what is no id without asking', async () => {
    for (const id of ['', undefined as never]) {
      expect((await users.addToBlocklist(id)).code).toBe(33003);
      expect((await users.checkBlocked(id)).code).toBe(33003);
    }
    expect(server.asked('addToBlocklist')).toEqual([]);
  });

  it('gives the server’s refusals', async () => {
    server.script.addToBlocklist = answer({ case: 'failure', value: { code: 40323, name: 'LIST_FULL' } });
    expect(await users.addToBlocklist('bob')).toMatchObject({ isOk: false, code: 40323, msg: 'LIST_FULL' });
  });

  it('an answer of another kind is a failure, not an exception', async () => {
    server.script.getBlocklist = answer({ case: 'done', value: {} });
    expect((await users.getBlocklist()).code).toBe(40001);
  });
});

describe('profiles', () => {
  it('are read and changed', async () => {
    const own = { userId: 'alice', basic: '{"name":"Alice","portraitUri":"https://x.example/a","gender":2}', ext: { ext_city: 'Rome' } };
    server.script.getProfiles = answer({ case: 'profiles', value: { profiles: [own] } });
    const profile = (await users.getMyUserProfile()).data;
    expect(profile).toEqual({
      userId: 'alice', name: 'Alice', portraitUri: 'https://x.example/a', gender: 2, extProfile: { ext_city: 'Rome' },
    });
    expect((await users.updateMyUserProfile({ userId: 'alice', name: 'A', extProfile: { ext_city: 'Oslo' } })).isOk).toBe(true);
    const [change] = server.asked('updateMyProfile');
    expect(JSON.parse(change!.basic)).toEqual({ name: 'A' });
    expect(change!.ext).toEqual({ ext_city: 'Oslo' });
    expect((await users.getUserProfiles([])).data).toEqual([]);
  });

  it('have a visibility', async () => {
    server.script.getProfileVisibility = answer({ case: 'profileVisibility', value: { visibility: 3 } });
    expect((await users.getMyUserProfileVisibility()).data).toBe(sdk.UserProfileVisibility.FRIEND_VISIBLE);
    await users.updateMyUserProfileVisibility(sdk.UserProfileVisibility.EVERYONE);
    expect(server.asked('setProfileVisibility')).toMatchObject([{ visibility: 2 }]);
  });
});

describe('friends', () => {
  it('adding tells whether consent is needed', async () => {
    server.script.addFriend = ({ userId }) => ({ case: 'addFriendResult', value: { added: userId === 'bob' } });
    expect((await users.addFriend({ userId: 'bob' })).data).toEqual({ processCode: 0 });
    expect((await users.addFriend({ userId: 'eve', extra: 'hi' })).data).toEqual({ processCode: 25461 });
    expect(server.asked('addFriend')[1]).toMatchObject({ extra: 'hi' });
  });

  it('applications are listed in pages and answered', async () => {
    server.script.getFriendApplications = ({ pageToken }) => ({
      case: 'friendApplications',
      value: {
        applications: [{ userId: pageToken === '' ? 'bob' : 'eve', direction: 2, status: 1, at: 5n, name: 'N' }],
        nextPageToken: pageToken === '' ? 'next' : '',
        totalCount: 2,
      },
    });
    const query = users.createFriendApplicationsQuery({
      applicationTypes: [sdk.FriendApplicationType.RECEIVED],
      applicationStatuses: [sdk.FriendApplicationStatus.UNHANDLED],
      pageSize: 1,
    });
    const first = await query.loadNextPage();
    expect(first.data).toMatchObject({ totalCount: 2, data: [{ userId: 'bob', applicationType: 2, applicationStatus: 1, operationTime: 5 }] });
    expect(query.hasNext).toBe(true);
    expect((await query.loadNextPage()).data!.data[0]!.userId).toBe('eve');
    expect(query.hasNext).toBe(false);
    expect(server.asked('getFriendApplications')[0]).toMatchObject({ directions: [2], statuses: [1], limit: 1 });
    await users.acceptFriendApplication('bob');
    await users.refuseFriendApplication('eve');
    expect(server.asked('answerFriendApplication')).toMatchObject([
      { userId: 'bob', accept: true },
      { userId: 'eve', accept: false },
    ]);
  });

  it('are listed whole, searched, checked and named', async () => {
    server.script.getFriends = ({ pageToken }) => ({
      case: 'friends',
      value: pageToken === ''
        ? { friends: [{ userId: 'bob', name: 'Bob', alias: 'Bobby', addedAt: 3n }], nextPageToken: 'p' }
        : { friends: [{ userId: 'eve', name: 'Eve' }] },
    });
    server.script.checkFriends = answer({ case: 'friendRelations', value: { relations: [{ userId: 'bob', friend: true }, { userId: 'zed' }] } });
    server.script.setFriendInfo = answer({ case: 'failure', value: { code: 24364, message: 'long', keys: ['remark'] } });
    expect((await users.getFriends()).data!.map((friend) => friend.userId)).toEqual(['bob', 'eve']);
    expect((await users.searchFriendsInfo('OBBY')).data).toMatchObject([{ userId: 'bob', remark: 'Bobby', addTime: 3 }]);
    expect((await users.checkFriends(['bob', 'zed'])).data!.map((one) => one.relation)).toEqual([3, 0]);
    expect(await users.setFriendInfo({ userId: 'bob', remark: 'x'.repeat(65) })).toMatchObject({ code: 24364, data: { errorKeys: ['remark'] } });
    await users.setFriendInfo({ userId: 'bob', extProfile: {} });
    expect(server.asked('setFriendInfo')).toMatchObject([{ setExtProfile: false }, { setExtProfile: true }]);
    expect((await users.removeFriends(['bob'])).isOk).toBe(true);
  });

  it('permission NOT_SET is read and never set', async () => {
    server.script.getFriendPermission = answer({ case: 'friendPermission', value: { permission: 0 } });
    expect((await users.getFriendAddPermission()).data).toBe(sdk.FriendAddPermission.NOT_SET);
    expect((await users.setFriendAddPermission(sdk.FriendAddPermission.NOT_SET)).code).toBe(-101);
    expect((await users.setFriendAddPermission(sdk.FriendAddPermission.FREE)).isOk).toBe(true);
  });
});

describe('subscriptions', () => {
  it('are made, ended, asked and listed', async () => {
    server.script.getPresence = answer({
      case: 'presenceStates',
      value: { states: [{ userId: 'bob', online: true, changedAt: 4n, platforms: ['ios', 'web'] }, { userId: 'eve', changedAt: 2n }] },
    });
    server.script.getSubscriptions = answer({
      case: 'subscriptions',
      value: { subscriptions: [{ userId: 'bob', type: 1, subscribedAt: 1_000n, expiresAt: 61_000n }] },
    });
    const params = { userIds: ['bob'], subscribeType: sdk.SubscribeType.ONLINE_STATUS };
    expect((await users.subscribeEvent({ ...params, expiry: 60 })).isOk).toBe(true);
    expect((await users.unsubscribeEvent(params)).isOk).toBe(true);
    expect(server.asked('subscribe')).toMatchObject([{ userIds: ['bob'], type: 1, expirySeconds: 60 }]);
    const states = (await users.getSubscribeEvent(params)).data!;
    expect(states.map((state) => [state.userId, state.details.map((detail) => [detail.platform, detail.eventValue])])).toEqual([
      ['bob', [['ios', 1], ['web', 1]]],
      ['eve', [['other', 0]]],
    ]);
    const query = users.createSubscribeQuery({ subscribeType: sdk.SubscribeType.ONLINE_STATUS });
    expect((await query.loadNextPage()).data!.data).toMatchObject([{ userId: 'bob', subscribeTime: 1_000, expiry: 60 }]);
    const friends = { userIds: ['bob'], subscribeType: sdk.SubscribeType.FRIEND_ONLINE_STATUS };
    expect((await users.subscribeEvent(friends)).code).toBe(34306);
  });
});
