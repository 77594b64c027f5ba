import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { binary, Nuncio } from './support/nuncio.js';
import type { Chat, Heard } from './support/sdk.js';
import { freshSdk, listen, until } from './support/sdk.js';

interface Device {
  sdk: Chat;
  heard: Heard;
}

describe.skipIf(binary === undefined)('groups against the real server', () => {
  const nuncio = new Nuncio();
  let devices: Device[] = [];
  let number = 0;

  async function device(userId: string): Promise<Device> {
    const token = await nuncio.token(userId);
    const sdk = await freshSdk();
    sdk.NCEngine.initialize({ appKey: nuncio.appKey, naviServer: nuncio.url });
    const heard = listen(sdk);
    expect(await sdk.NCEngine.connect({ token })).toMatchObject({ isOk: true });
    await until(() => heard.names.includes('offlineSynced'));
    devices.push({ sdk, heard });
    return { sdk, heard };
  }

  /** Three users nobody has met yet, and the id of a group that there is not. */
  async function three(): Promise<{ ann: Device; ben: Device; cem: Device; ids: string[]; groupId: string }> {
    number += 1;
    const ids = [`ann${number}`, `ben${number}`, `cem${number}`];
    const [ann, ben, cem] = [await device(ids[0]!), await device(ids[1]!), await device(ids[2]!)];
    return { ann, ben, cem, ids, groupId: `group${number}` };
  }

  /** What a device heard of one kind, once it has heard so many. */
  async function heard(device: Device, name: string, count: number): Promise<Record<string, unknown>[]> {
    await until(() => (device.heard.events[name] ?? []).length >= count);
    return device.heard.events[name] as Record<string, unknown>[];
  }

  const say = async (from: Device, groupId: string, text: string): Promise<number> => {
    const sent = await new from.sdk.GroupChannel(groupId).sendMessage(new from.sdk.SendTextMessageParams({ text }));
    return sent.code;
  };

  beforeAll(() => nuncio.start());
  afterEach(() => {
    for (const { sdk } of devices) sdk.NCEngine.destroy();
    devices = [];
  });
  afterAll(() => nuncio.end());

  it('a group is made, written to, changed and dismissed, and everybody hears of it', async () => {
    const { ann, ben, ids, groupId } = await three();
    const { GroupChannel, GroupOperation } = ann.sdk;
    const made = await GroupChannel.createGroup({ groupId, groupName: 'Walkers', inviteeUserIds: [ids[1]!], notice: 'Sunday' });
    expect(made).toMatchObject({ isOk: true, data: { processCode: 0 } });
    const [created] = await heard(ben, 'groupOperation', 1);
    expect(created).toMatchObject({
      groupId, operation: GroupOperation.CREATE, operatorInfo: { userId: ids[0] }, groupInfo: { groupName: 'Walkers', memberCount: 2 },
    });
    expect(await say(ben, groupId, 'hello')).toBe(0);
    await until(() => ann.heard.messages.some(({ content }) => content.text === 'hello'));
    expect(ann.heard.messages.at(-1)).toMatchObject({ senderUserId: ids[1], content: { text: 'hello' } });
    const list = await ann.sdk.BaseChannel.createMessagesQuery({ channelIdentifier: new GroupChannel(groupId).identifier }).loadNextPage();
    expect(list.data!.data.map(({ messageType }) => messageType)).toEqual(['RC:TxtMsg', 'RC:GrpNtf']);

    const changed = await new GroupChannel(groupId).updateInfo({ groupName: 'Hikers', extProfile: { ext_a: '1' } });
    expect(changed.code).toBe(0);
    const [info] = await heard(ben, 'groupInfo', 1);
    expect(info).toMatchObject({
      fullGroupInfo: { groupName: 'Hikers', notice: 'Sunday' }, changedGroupInfo: { groupName: 'Hikers', extProfile: { ext_a: '1' } },
    });
    const refused = await new GroupChannel(groupId).updateInfo({ portraitUri: 'javascript:x' });
    expect(refused).toMatchObject({ isOk: false, data: { errorKeys: ['portraitUri'] } });
    expect((await new ben.sdk.GroupChannel(groupId).updateInfo({ groupName: 'Mine' })).code).toBe(ben.sdk.NCCode.NO_GROUP_RIGHT);
    const known = await ben.sdk.GroupChannel.getGroupsInfo([groupId, 'nothing']);
    expect(known.data).toMatchObject([{ groupName: 'Hikers', role: ben.sdk.GroupMemberRole.NORMAL, ownerId: ids[0] }]);

    expect((await new ben.sdk.GroupChannel(groupId).dismiss()).code).toBe(ben.sdk.NCCode.ONLY_GROUP_OWNER);
    expect((await new GroupChannel(groupId).dismiss()).code).toBe(0);
    const operations = await heard(ben, 'groupOperation', 2);
    expect(operations[1]).toMatchObject({ operation: GroupOperation.DISMISS });
    expect(await say(ben, groupId, 'still?')).toBe(ben.sdk.NCCode.NOT_IN_GROUP);
  });

  it('users ask, are invited, agree and refuse', async () => {
    const { ann, ben, cem, ids, groupId } = await three();
    const { GroupApplicationDirection: Direction, GroupApplicationStatus: Status, GroupChannel, NCCode } = ann.sdk;
    await GroupChannel.createGroup({
      groupId, groupName: 'G', inviteHandlePermission: ann.sdk.GroupInviteHandlePermission.INVITEE_VERIFY,
    });
    const asked = await new ben.sdk.GroupChannel(groupId).join();
    expect(asked).toMatchObject({ isOk: true, data: { processCode: NCCode.GROUP_APPROVAL_PENDING } });
    const [event] = await heard(ann, 'groupApplication', 1);
    expect(event).toMatchObject({
      info: { groupId, joinMemberInfo: { userId: ids[1] }, direction: Direction.APPLICATION_RECEIVED, status: Status.ADMIN_UNHANDLED },
    });
    const query = GroupChannel.createGroupApplicationsQuery({ directions: [Direction.APPLICATION_RECEIVED], status: [Status.ADMIN_UNHANDLED] });
    expect((await query.loadNextPage()).data).toMatchObject({ totalCount: 1, data: [{ groupName: 'G' }] });
    expect((await new GroupChannel(groupId).acceptApplication({ applicantId: ids[1]! })).data).toEqual({ processCode: 0 });
    const [joined] = await heard(ben, 'groupOperation', 1);
    expect(joined).toMatchObject({ operation: ben.sdk.GroupOperation.JOIN, memberInfos: [{ userId: ids[1] }] });

    const invited = await new GroupChannel(groupId).inviteUsers([ids[2]!]);
    expect(invited.data).toEqual({ processCode: NCCode.GROUP_CONSENT_PENDING });
    const [received] = await heard(cem, 'groupApplication', 1);
    expect(received).toMatchObject({ info: { inviterInfo: { userId: ids[0] }, direction: Direction.INVITATION_RECEIVED } });
    expect((await new cem.sdk.GroupChannel(groupId).refuseInvite({ inviterId: ids[0]!, reason: 'busy' })).code).toBe(0);
    await until(() => (ann.heard.events['groupApplication'] ?? []).some((one) =>
      (one as { info: { status: number; reason: string } }).info.reason === 'busy'));
    await new GroupChannel(groupId).inviteUsers([ids[2]!]);
    expect((await new cem.sdk.GroupChannel(groupId).acceptInvite(ids[0]!)).code).toBe(0);
    const members = GroupChannel.createGroupMembersByRoleQuery({ groupId, role: ann.sdk.GroupMemberRole.UNDEF, pageSize: 2, isAscending: true });
    const pages = [await members.loadNextPage(), await members.loadNextPage()];
    expect(pages.map((page) => page.data!.data.map((member) => member.userId))).toEqual([[ids[0], ids[1]], [ids[2]]]);
    expect(pages[0]!.data!.totalCount).toBe(3);
    expect(members.hasNext).toBe(false);
  });

  it('roles, names and favourites change, on all devices', async () => {
    const { ann, ben, ids, groupId } = await three();
    const other = await device(ids[1]!);
    const { GroupChannel, GroupMemberRole, GroupOperation } = ann.sdk;
    await GroupChannel.createGroup({ groupId, groupName: 'Everyone', inviteeUserIds: [ids[1]!, ids[2]!] });
    expect((await new GroupChannel(groupId).addAdmins([ids[1]!])).code).toBe(0);
    expect((await heard(ben, 'groupOperation', 2))[1]).toMatchObject({ operation: GroupOperation.ADD_ADMIN });
    const group = new ben.sdk.GroupChannel(groupId);
    expect((await group.setMemberInfo({ userId: ids[2]!, nickname: 'Captain', extra: 'x' })).code).toBe(0);
    const [member] = await heard(ann, 'groupMember', 1);
    expect(member).toMatchObject({ groupId, operatorInfo: { userId: ids[1] }, memberInfo: { nickname: 'Captain', extra: 'x' } });
    const found = await group.createSearchGroupMembersQuery({ memberName: 'capt' }).loadNextPage();
    expect(found.data).toMatchObject({ totalCount: 1, data: [{ userId: ids[2] }] });
    expect((await group.getMembers([ids[0]!, 'nobody'])).data).toMatchObject([{ role: GroupMemberRole.OWNER }]);
    await group.setRemark('Sunday people');
    expect((await heard(other, 'groupRemark', 1))[0]).toMatchObject({ groupId, remark: 'Sunday people' });
    const joined = await ben.sdk.GroupChannel.searchJoinedGroups({ groupName: 'sunday' }).loadNextPage();
    expect(joined.data!.data).toMatchObject([{ groupId, remark: 'Sunday people', role: GroupMemberRole.MANAGER }]);
    await group.addFavorites([ids[0]!]);
    expect((await heard(other, 'groupFavorites', 1))[0]).toMatchObject({ groupId, operationType: 0, userIds: [ids[0]] });
    expect((await group.getFavorites()).data).toEqual([ids[0]]);
    expect((await new GroupChannel(groupId).transferOwner({ newOwnerId: ids[1]!, leaveAfterTransfer: true })).code).toBe(0);
    const operations = await heard(ben, 'groupOperation', 4);
    expect(operations.slice(2)).toMatchObject([{ operation: GroupOperation.TRANSFER_OWNER }, { operation: GroupOperation.QUIT }]);
  });

  it('changes are told in the conversation, and who mentions whom is counted', async () => {
    const { ann, ben, cem, ids, groupId } = await three();
    const other = await device(ids[1]!);
    const { GroupChannel, MessageType, SendTextMessageParams } = ann.sdk;
    await GroupChannel.createGroup({ groupId, groupName: 'G', inviteeUserIds: [ids[1]!, ids[2]!] });
    await new GroupChannel(groupId).updateInfo({ groupName: 'Hikers' });
    await until(() => ben.heard.messages.filter(({ messageType }) => messageType === MessageType.GROUP_NOTIFICATION).length >= 2);
    const notices = ben.heard.messages.filter(({ messageType }) => messageType === MessageType.GROUP_NOTIFICATION);
    expect(notices.map(({ content }) => content)).toMatchObject([{ operation: 'Create', operatorUserId: ids[0] }, { operation: 'Rename' }]);
    expect(JSON.parse((notices[1]!.content as { data: string }).data)).toMatchObject({ targetGroupName: 'Hikers' });
    expect(notices.every(({ isCounted }) => !isCounted)).toBe(true);

    const mention = (text: string, mentionedInfo: object): Promise<{ isOk: boolean }> =>
      new GroupChannel(groupId).sendMessage(new SendTextMessageParams({ text, mentionedInfo } as never));
    await mention('for ben', { type: 2, userIdList: [ids[1]] });
    await mention('for all', { type: 1 });
    await say(ann, groupId, 'for nobody');
    await until(() => cem.heard.messages.some(({ content }) => content.text === 'for nobody'));
    const state = async ({ sdk }: Device): Promise<number[]> => {
      const { data } = await new sdk.GroupChannel(groupId).reload();
      return [data!.unreadCount, data!.mentionedCount, data!.mentionedMeCount];
    };
    expect(await state(cem)).toEqual([3, 2, 1]);
    const unread = await new ben.sdk.GroupChannel(groupId).getUnreadMentionedMessages();
    expect(unread.data!.map(({ content }) => content.text)).toEqual(['for ben', 'for all']);
    const fresh = await device(ids[1]!);
    expect(await state(fresh)).toEqual([3, 2, 2]);
    await new ben.sdk.GroupChannel(groupId).clearUnreadCount();
    await until(() => (other.heard.events['unreadSync'] ?? []).length > 0);
    expect(await state(other)).toEqual([0, 0, 0]);
  });

  it('what is for some members only reaches nobody else', async () => {
    const { ann, ben, cem, ids, groupId } = await three();
    const { GroupChannel, SendTextMessageParams } = ann.sdk;
    await GroupChannel.createGroup({ groupId, groupName: 'G', inviteeUserIds: [ids[1]!, ids[2]!] });
    const params = new SendTextMessageParams({ text: 'for ben alone' });
    params.directedUserIds = [ids[1]!];
    expect((await new GroupChannel(groupId).sendMessage(params)).data).toMatchObject({ directedUserIds: [ids[1]] });
    params.directedUserIds = ['stranger'];
    expect((await new GroupChannel(groupId).sendMessage(params)).code).toBe(25418);
    await say(ann, groupId, 'for all');
    const texts = ({ heard }: Device): unknown[] => heard.messages.map(({ content }) => content.text).filter((text) => text !== undefined);
    await until(() => texts(ben).includes('for all') && texts(cem).includes('for all'));
    expect([texts(ben), texts(cem)]).toEqual([['for ben alone', 'for all'], ['for all']]);
    expect(ben.heard.messages.find(({ content }) => content.text === 'for ben alone')!.directedUserIds).toEqual([ids[1]]);
  });

  it('a sender learns who has read a message that asked for it', async () => {
    const { ann, ben, cem, ids, groupId } = await three();
    const { GroupChannel, MessageReadReceiptStatus: Status, SendTextMessageParams } = ann.sdk;
    await GroupChannel.createGroup({ groupId, groupName: 'G', inviteeUserIds: [ids[1]!, ids[2]!] });
    const group = new GroupChannel(groupId);
    const params = new SendTextMessageParams({ text: 'read me' });
    params.needReceipt = true;
    const { messageId } = (await group.sendMessage(params)).data!;
    await until(() => [ben, cem].every(({ heard }) => heard.messages.some((message) => message.messageId === messageId)));
    expect((await group.getMessageReadReceiptInfo([messageId])).data).toMatchObject([{ messageId, readCount: 0, unreadCount: 2, totalCount: 2 }]);
    expect((await new ben.sdk.GroupChannel(groupId).sendReadReceiptResponse([messageId])).isOk).toBe(true);
    const told = (await heard(ann, 'receipts', 1)) as unknown as { responses: object[] }[];
    expect(told[0]!.responses).toMatchObject([{ channelIdentifier: { channelId: groupId }, messageId, readCount: 1, unreadCount: 1, totalCount: 2 }]);
    const users = async (status: number): Promise<string[]> => {
      const query = ann.sdk.BaseChannel.createMessagesReadReceiptUsersQuery({ channelIdentifier: group.identifier, messageId, status });
      return (await query.loadNextPage()).data!.data.map(({ userId }) => userId);
    };
    expect([await users(Status.RESPONDED), await users(Status.UNRESPONDED)]).toEqual([[ids[1]], [ids[2]]]);
    expect((await group.getMessagesReadReceiptByUsers({ messageId, userIds: ids })).data).toMatchObject([{ userId: ids[1] }]);
    expect((await new ben.sdk.GroupChannel(groupId).getMessageReadReceiptInfo([messageId])).data).toEqual([]);
    // What is unread is another matter.
    expect((await new ben.sdk.GroupChannel(groupId).reload()).data!.unreadCount).toBe(1);
  });

  it('pins and levels hold on all of the user\'s devices, and so does the level of all groups', async () => {
    const { ann, ids, groupId } = await three();
    const other = await device(ids[0]!);
    const { BaseChannel, ChannelNoDisturbLevel, ChannelType, GroupChannel } = ann.sdk;
    await GroupChannel.createGroup({ groupId, groupName: 'G' });
    const group = new GroupChannel(groupId);
    expect([(await group.pin()).code, (await group.setNoDisturbLevel(ChannelNoDisturbLevel.MENTION)).code]).toEqual([0, 0]);
    await heard(other, 'levelSync', 1);
    expect((await new other.sdk.GroupChannel(groupId).reload()).data).toMatchObject({ isPinned: true, noDisturbLevel: ChannelNoDisturbLevel.MENTION });
    expect((await BaseChannel.setChannelTypeNoDisturbLevel({ channelType: ChannelType.GROUP, level: ChannelNoDisturbLevel.MUTED })).code).toBe(0);
    expect((await other.sdk.BaseChannel.getChannelTypeNoDisturbLevel(ChannelType.GROUP)).data).toBe(ChannelNoDisturbLevel.MUTED);
    const fresh = await device(ids[0]!);
    expect((await new fresh.sdk.GroupChannel(groupId).reload()).data).toMatchObject({ isPinned: true, noDisturbLevel: ChannelNoDisturbLevel.MENTION });
  });

  it('channels are sorted by tags, on all of the user\'s devices', async () => {
    const { ann, ids, groupId } = await three();
    const other = await device(ids[0]!);
    const told: string[] = [];
    other.sdk.NCEngine.addTagHandler('test', new other.sdk.TagHandler({ onTagChanged: () => told.push('tags'), onChannelTagChanged: () => told.push('channels') }));
    const { BaseChannel, DirectChannel, GroupChannel } = ann.sdk;
    await GroupChannel.createGroup({ groupId, groupName: 'G' });
    expect((await BaseChannel.setChannelTags([{ tagId: 'work', tagName: 'At work' }, { tagId: 'fun', tagName: 'Fun' }])).code).toBe(0);
    expect((await new GroupChannel(groupId).addTags(['work', 'fun'])).code).toBe(0);
    expect((await new DirectChannel(ids[1]!).addTags(['work'])).code).toBe(0);
    await until(() => told.length >= 4);
    expect([...new Set(told)]).toEqual(['tags', 'channels']);
    // Made at the same moment: by id.
    expect((await other.sdk.BaseChannel.getChannelTags()).data).toMatchObject([{ tagId: 'fun' }, { tagId: 'work', tagName: 'At work' }]);
    expect((await new other.sdk.GroupChannel(groupId).getTags()).data!.sort()).toEqual(['fun', 'work']);
    expect((await other.sdk.BaseChannel.getTaggedChannels('work')).data).toMatchObject([{ channelType: 1, channelId: ids[1] }, { channelType: 3, channelId: groupId }]);
    expect((await new GroupChannel(groupId).deleteTags(['work'])).code).toBe(0);
    expect((await BaseChannel.removeChannelTags(['fun'])).code).toBe(0);
    expect((await new GroupChannel(groupId).getTags()).data).toEqual([]);
    expect((await new GroupChannel(groupId).addTags(['nothing'])).isOk).toBe(false);
    expect((await new GroupChannel(groupId).addTags([])).code).toBe(33003);
  });

  it('who is muted, frozen out or removed is not heard', async () => {
    const { ann, ben, cem, ids, groupId } = await three();
    const { GroupChannel, NCCode } = ann.sdk;
    await GroupChannel.createGroup({ groupId, groupName: 'G', inviteeUserIds: [ids[1]!, ids[2]!] });
    const group = new GroupChannel(groupId);
    expect((await group.muteMembers({ userIds: [ids[1]!], minutes: 5 })).code).toBe(0);
    expect(await say(ben, groupId, 'x')).toBe(NCCode.MUTED_IN_GROUP);
    expect((await heard(ben, 'groupMute', 1))[0]).toMatchObject({ groupId, isMuted: true });
    expect((await group.getMutedMembers()).data).toMatchObject([{ userId: ids[1] }]);
    await group.unmuteMembers([ids[1]!]);
    expect(await say(ben, groupId, 'x')).toBe(0);
    await group.setFrozen(true);
    await group.setAllowedSenders({ add: [ids[2]!] });
    expect(await say(ben, groupId, 'x')).toBe(NCCode.MUTED_IN_GROUP);
    expect(await say(cem, groupId, 'x')).toBe(0);
    expect((await group.getAllowedSenders()).data).toEqual([ids[2]]);
    expect((await heard(ben, 'groupFrozen', 1))[0]).toMatchObject({ isFrozen: true });
    await group.setFrozen(false);
    expect((await group.kickMembers({ userIds: [ids[1]!] })).code).toBe(0);
    expect(await say(ben, groupId, 'x')).toBe(NCCode.NOT_IN_GROUP);
    const kicked = await heard(ben, 'groupOperation', 2);
    expect(kicked[1]).toMatchObject({ operation: ben.sdk.GroupOperation.KICK, groupInfo: { memberCount: 2 } });
    expect((await new cem.sdk.GroupChannel(groupId).leave()).code).toBe(0);
    expect((await new cem.sdk.GroupChannel(groupId).leave()).code).toBe(0);
    await nuncio.api('/v4/group-channel/join', { channelId: groupId, userIds: [ids[1]] });
    const back = await heard(ben, 'groupOperation', 3);
    expect(back[2]).toMatchObject({ operation: ben.sdk.GroupOperation.JOIN, operatorInfo: { userId: '' } });
  });
});
