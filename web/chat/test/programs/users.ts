// Blocklist, profiles, friends, subscriptions and groups as app developers write them.
import {
  AreaCode,
  CommunityChannel,
  FriendAddPermission,
  FriendApplicationStatus,
  FriendApplicationType,
  GroupChannel,
  GroupMemberRole,
  NCEngine,
  NCResult,
  NoDisturbTimeLevel,
  OpenChannel,
  SubscribeType,
  UserHandler,
  UserProfileVisibility,
} from '@nexconn/chat';
import type { GroupMemberInfo, UserProfile } from '@nexconn/chat';

export async function main(server: { appKey: string; url: string; token: string; peer: string }): Promise<string[]> {
  const lines: string[] = [];
  NCEngine.initialize({ appKey: server.appKey, areaCode: AreaCode.SG, naviServer: server.url });
  NCEngine.addUserHandler('users', new UserHandler({
    onSubscriptionChanged({ events }) {
      for (const event of events) lines.push(`${event.userId} ${event.details.some((detail) => detail.eventValue === 1)}`);
    },
    onFriendApplicationStatusChanged: ({ userId, applicationStatus }) => lines.push(`${userId} ${applicationStatus}`),
  }));
  const login = await NCEngine.connect({ token: server.token, timeout: 10 });
  if (!login.isOk) throw new Error(String(login.code));
  const { userModule } = NCEngine;

  const profile: UserProfile = { name: 'Alice', portraitUri: 'https://x.example/a.png', extProfile: {} };
  lines.push(`profile ${(await userModule.updateMyUserProfile(profile)).code}`);
  const mine: NCResult<UserProfile> = await userModule.getMyUserProfile();
  lines.push(`name ${mine.data?.name}`);
  const others = await userModule.getUserProfiles([server.peer]);
  lines.push(`others ${others.data?.length}`);
  await userModule.updateMyUserProfileVisibility(UserProfileVisibility.EVERYONE);

  lines.push(`block ${(await userModule.addToBlocklist(server.peer)).code}`);
  lines.push(`blocked ${(await userModule.checkBlocked(server.peer)).data}`);
  lines.push(`list ${(await userModule.getBlocklist()).data?.join()}`);
  lines.push(`unblock ${(await userModule.removeFromBlocklist(server.peer)).code}`);

  await userModule.setFriendAddPermission(FriendAddPermission.NEED_VERIFY);
  const added = await userModule.addFriend({ userId: server.peer, extra: 'It is me' });
  lines.push(`add ${added.code} ${added.data?.processCode}`);
  const applications = userModule.createFriendApplicationsQuery({
    applicationTypes: [FriendApplicationType.SENT],
    applicationStatuses: [FriendApplicationStatus.UNHANDLED],
    pageSize: 20,
  });
  lines.push(`applications ${(await applications.loadNextPage()).data?.data.length}`);
  lines.push(`friends ${(await userModule.getFriends()).data?.length}`);
  const subscribed = await userModule.subscribeEvent({
    userIds: [server.peer],
    subscribeType: SubscribeType.ONLINE_STATUS,
    expiry: 3600,
  });
  lines.push(`subscribe ${subscribed.code}`);
  const disturb = await NCEngine.setNoDisturbTime({ startTime: '22:00:00', spanMinutes: 60, level: NoDisturbTimeLevel.MUTED });
  lines.push(`disturb ${disturb.isOk}`);

  const group = await GroupChannel.createGroup({ groupId: 'g1', groupName: 'Group', inviteeUserIds: [server.peer] });
  lines.push(`group ${group.code}`);
  const members = GroupChannel.createGroupMembersByRoleQuery({ groupId: 'g1', role: GroupMemberRole.UNDEF, pageSize: 50 });
  const all: GroupMemberInfo[] = [];
  do {
    const page = await members.loadNextPage();
    if (!page.isOk) break;
    all.push(...(page.data?.data ?? []));
  } while (members.hasNext);
  lines.push(`members ${all.length}`);
  const room = await new OpenChannel('room').enterChannel({ messageCount: 10 });
  lines.push(`room ${room.code}`);
  lines.push(`community ${(await new CommunityChannel('c').getSubChannels()).code}`);
  await NCEngine.disconnect();
  return lines;
}
