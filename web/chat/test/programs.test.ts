import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakeServer, wireMessage } from './support/server.js';

let server: FakeServer;
const params = (): { appKey: string; url: string; token: string; peer: string } => ({
  appKey: 'app', url: server.url, token: 'alice:1', peer: 'bob',
});

beforeEach(async () => {
  vi.resetModules();
  server = await FakeServer.start();
});

afterEach(() => server.stop());

it('the conversation program runs as written', async () => {
  const history: ReturnType<typeof wireMessage>[] = [];
  server.script.sendMessage = ({ type, content, clientMessageId }) => {
    const made = wireMessage(`m${history.length + 1}`, 'alice', '', 'bob');
    const message = { ...made, type, content, clientMessageId };
    history.unshift(message);
    return { case: 'messageSent', value: { messageId: message.id, sentAt: made['sentAt'] as bigint, seq: BigInt((server.head += 1)) } };
  };
  server.script.getHistory = () => ({ case: 'history', value: { messages: history } });
  const { main } = await import('./programs/conversation.js');
  const lines = await main(params());
  // When the sync is done beside the program's own calls is not said.
  const synced = ['channels are here', 'offline messages are here'];
  expect(lines.filter((line) => synced.includes(line))).toEqual(synced);
  expect(lines.filter((line) => !synced.includes(line))).toEqual([
    'status CONNECTING',
    'status CONNECTED',
    'I am alice, alice',
    'sent Hello true',
    'order 3',
    'quotes Hello',
    'channel bob: [RC:ReferenceMsg], 0',
    'history [RC:ReferenceMsg], [app:order], Hello, more: false',
    'status DISCONNECTED 0',
  ]);
});

it('the users program runs as written', async () => {
  server.script.getProfiles = ({ userIds }) => ({
    case: 'profiles',
    value: { profiles: [{ userId: userIds[0] ?? 'alice', basic: '{"name":"Alice"}' }] },
  });
  server.script.checkBlocked = () => ({ case: 'blockedState', value: { blocked: true } });
  server.script.getBlocklist = () => ({ case: 'userIds', value: { userIds: ['bob'] } });
  server.script.addFriend = () => ({ case: 'addFriendResult', value: { added: false } });
  server.script.getFriendApplications = () => ({ case: 'friendApplications', value: { applications: [{ userId: 'bob' }] } });
  server.script.getFriends = () => ({ case: 'friends', value: {} });
  server.script.createGroup = () => ({ case: 'groupResult', value: {} });
  server.script.getGroupMembers = () => ({ case: 'groupMembers', value: { members: [{ userId: 'alice', role: 3 }] } });
  const { main } = await import('./programs/users.js');
  expect(await main(params())).toEqual([
    'profile 0', 'name Alice', 'others 1', 'block 0', 'blocked true', 'list bob', 'unblock 0', 'add 0 25461',
    'applications 1', 'friends 0', 'subscribe 0', 'disturb true', 'group 0', 'members 1', 'room 50101', 'community 50101',
  ]);
});
