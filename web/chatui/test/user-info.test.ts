import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { UserDetails } from '../src/user-info.js';
import { UserInfo } from '../src/user-info.js';

const kept = new Map<string, string>();
beforeEach(() => {
  kept.clear();
  vi.stubGlobal('localStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
});

const changed = (info: UserInfo): Promise<unknown> => new Promise((resolve) => info.addEventListener('change', resolve, { once: true }));

describe('user information that the app keeps', () => {
  it('is asked for in batches of at most 100, each user once', async () => {
    const asked: string[][] = [];
    const info = new UserInfo();
    info.setUserInfoProvider(async (ids) => {
      asked.push(ids);
      return ids.map((userId) => ({ userId, name: `Name of ${userId}` }));
    });
    for (let turn = 0; turn < 2; turn += 1) for (let i = 0; i < 150; i += 1) info.getUserInfo(`u${i}`);
    await vi.waitFor(() => expect(info.displayName('u149')).toBe('Name of u149'));
    expect(asked.map((ids) => ids.length)).toEqual([100, 50]);
    expect(info.displayName('u0')).toBe('Name of u0');
  });

  it('shows the id until the app has answered, and when it does not know the user or fails', async () => {
    const info = new UserInfo();
    let asked = 0;
    info.setUserInfoProvider(async () => {
      asked += 1;
      throw new Error('away');
    });
    expect(info.displayName('u1')).toBe('u1');
    await vi.waitFor(() => expect(asked).toBe(1));
    expect(info.displayName('u1')).toBe('u1');
    expect(asked).toBe(1);
  });

  it('shows what the app refreshes: alias before name, in a group the nickname before both', async () => {
    const info = new UserInfo();
    info.setUserInfoProvider(async () => []);
    info.setGroupMemberInfoProvider(async () => [], false);
    const told = changed(info);
    info.refreshUserInfo({ userId: 'u1', name: 'One', avatarUrl: 'javascript:alert(1)' });
    await told;
    expect([info.displayName('u1'), info.displayName('u1', 'g'), info.avatar('u1')]).toEqual(['One', 'One', undefined]);
    info.refreshUserInfo({ userId: 'u1', name: 'One', alias: 'First', avatarUrl: 'https://example.com/1.png' });
    expect([info.displayName('u1'), info.displayName('u1', 'g'), info.avatar('u1')]).toEqual(['First', 'First', 'https://example.com/1.png']);
    info.refreshGroupMemberInfo({ groupId: 'g', userId: 'u1', nickname: 'Uno' }, { groupId: 'g', userId: 'u2', name: 'Two', avatarUrl: 'https://example.com/2.png' });
    expect([info.displayName('u1'), info.displayName('u1', 'g'), info.displayName('u1', 'h')]).toEqual(['First', 'Uno', 'First']);
    expect([info.displayName('u2', 'g'), info.displayName('u2', 'h'), info.avatar('u2', 'g')]).toEqual(['Two', 'u2', 'https://example.com/2.png']);
  });

  it('lists a group\'s members as the app tells and changes them, asked for once', async () => {
    const info = new UserInfo();
    let asked = 0;
    info.setGroupInfoProvider(async (ids) => ids.map((groupId) => ({ groupId, name: 'Walkers' })), false);
    info.setGroupMemberInfoProvider(async () => [], false);
    info.setGroupMembersProvider(async () => {
      asked += 1;
      return [{ userId: 'a', nickname: 'Ada' }, { userId: 'b' }, { userId: 'b' }, { userId: '' }, null] as { userId: string }[];
    });
    info.getGroupInfo('g');
    await vi.waitFor(() => expect(info.groupName('g')).toBe('Walkers'));
    expect((await info.listMembers('g')).map(({ userId }) => userId)).toEqual(['a', 'b']);
    expect([info.displayName('a', 'g'), info.getGroupInfo('g').memberCount, info.faces('g')]).toEqual(['Ada', 2, ['a', 'b']]);
    info.addGroupMembers('g', [{ userId: 'c' }, { userId: 'a', nickname: 'Ade' }]);
    info.removeGroupMembers('g', ['b']);
    expect((await info.listMembers('g')).map(({ userId }) => userId)).toEqual(['a', 'c']);
    expect([info.displayName('a', 'g'), info.getGroupInfo('g').memberCount, asked]).toEqual(['Ade', 2, 1]);
  });

  it('is there after a reload before the app is asked again, unless it shall not be kept', async () => {
    const provider = async (ids: string[]): Promise<UserDetails[]> => ids.map((userId) => ({ userId, name: 'Kept' }));
    const info = new UserInfo();
    info.setUserInfoProvider(provider);
    info.getUserInfo('u1');
    await vi.waitFor(() => expect([...kept.values()].join()).toContain('Kept'));
    const again = new UserInfo();
    again.setUserInfoProvider(async () => []);
    expect(again.displayName('u1')).toBe('Kept');
    const forgetful = new UserInfo();
    forgetful.setUserInfoProvider(async () => [], false);
    expect(forgetful.displayName('u1')).toBe('u1');
  });

  it('skips entries that are not what was asked for', async () => {
    const info = new UserInfo();
    info.setUserInfoProvider(async () => [null, {}, { userId: 'u1' }, { userId: 'u2', name: 'Two' }] as unknown as UserDetails[]);
    info.getUserInfo('u1');
    await vi.waitFor(() => expect(info.displayName('u2')).toBe('Two'));
    expect(info.displayName('u1')).toBe('u1');
  });

  it('of members is asked for group by group', async () => {
    const asked: string[] = [];
    const info = new UserInfo();
    info.setGroupMemberInfoProvider(async (groupId, ids) => {
      asked.push(`${groupId}:${ids.join(',')}`);
      return ids.map((userId) => ({ groupId, userId, nickname: `${userId} of ${groupId}` }));
    }, false);
    for (const [group, user] of [['g', 'a'], ['h', 'a'], ['g', 'b']] as const) info.getGroupMemberInfo(group, user);
    await vi.waitFor(() => expect(info.getGroupMemberInfo('g', 'b').nickname).toBe('b of g'));
    expect(asked.sort()).toEqual(['g:a,b', 'h:a']);
  });
});
