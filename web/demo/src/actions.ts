/**
 * What the app's server can be told to do in the demo.
 *
 * @module
 */

import type { Person, PhoneOrder } from './people.js';
import { group, otherThan, people, third } from './people.js';

/** One button. */
export interface Action {
  /** What it says, for a user. */
  label: (person: Person) => string;
  /** The operation it calls. */
  path: string;
  /** With what. */
  body: (person: Person) => object;
  /** What the person's phone does afterwards. */
  then?: PhoneOrder;
}

const name = (person: Person): string => people[person];

/** The buttons, by what they are about. */
export const actions: { title: string; actions: Action[] }[] = [
  {
    title: 'Who may connect',
    actions: [
      { label: (who) => `Ban ${name(who)} for a minute`, path: '/v4/user/ban', body: (who) => ({ userIds: [who], durationMinutes: 1, reason: 'Trying the ban' }) },
      { label: (who) => `Unban ${name(who)}`, path: '/v4/user/unban', body: (who) => ({ userIds: [who] }), then: 'sign-in' },
      { label: (who) => `Expire ${name(who)}'s tokens`, path: '/v4/auth/access-token/expire', body: (who) => ({ userIds: [who], expiresAt: Date.now() }) },
      { label: (who) => `Soft-delete ${name(who)}`, path: '/v4/user/soft-delete', body: (who) => ({ userIds: [who] }) },
      { label: (who) => `Restore ${name(who)}`, path: '/v4/user/restore', body: (who) => ({ userIds: [who] }), then: 'sign-in' },
      { label: (who) => `Is ${name(who)} online?`, path: '/v4/user/connection-status/get', body: (who) => ({ userId: who }) },
    ],
  },
  {
    title: 'Who may write to whom',
    actions: [
      { label: (who) => `Put ${name(otherThan(who))} into ${name(who)}'s blocklist`, path: '/v4/user/blocklist/add', body: (who) => ({ userId: who, targetUserIds: [otherThan(who)] }) },
      { label: (who) => `Take ${name(otherThan(who))} out again`, path: '/v4/user/blocklist/remove', body: (who) => ({ userId: who, blockedUserIds: [otherThan(who)] }) },
      { label: (who) => `Turn ${name(who)}'s whitelist on`, path: '/v4/user/whitelist/setting/set', body: (who) => ({ userIds: [who], enabled: true }) },
      { label: (who) => `Let ${name(otherThan(who))} through it`, path: '/v4/user/whitelist/add', body: (who) => ({ userId: who, targetUserIds: [otherThan(who)] }) },
      { label: (who) => `Let ${name(otherThan(who))} through no more`, path: '/v4/user/whitelist/remove', body: (who) => ({ userId: who, targetUserIds: [otherThan(who)] }) },
      { label: () => 'Turn it off', path: '/v4/user/whitelist/setting/set', body: (who) => ({ userIds: [who], enabled: false }) },
      { label: (who) => `Mute ${name(who)}`, path: '/v4/channel-type/mute/set', body: (who) => ({ userIds: [who], muteState: 1, channelTypes: ['PERSON'] }) },
      { label: (who) => `Unmute ${name(who)}`, path: '/v4/channel-type/mute/set', body: (who) => ({ userIds: [who], muteState: 0, channelTypes: ['PERSON'] }) },
    ],
  },
  {
    title: `Their group, ${group.name}`,
    actions: [
      {
        label: (who) => `Write to it as ${third.name}, to ${name(who)}`,
        path: '/v4/group-channel/message/send',
        body: (who) => ({
          fromUserId: third.id,
          toChannelIds: [group.id],
          messageType: 'RC:TxtMsg',
          content: JSON.stringify({ content: `@${name(who)} are you coming?`, mentionedInfo: { type: 2, userIdList: [who] } }),
        }),
      },
      { label: (who) => `Call ${name(who)} Captain there`, path: '/v4/group-channel/member/set', body: (who) => ({ channelId: group.id, userId: who, nickname: 'Captain' }) },
      { label: (who) => `Make ${name(who)} a manager`, path: '/v4/group-channel/admin/add', body: (who) => ({ channelId: group.id, userIds: [who] }) },
      { label: (who) => `Mute ${name(who)} there`, path: '/v4/group-channel/user/mute-list/add', body: (who) => ({ channelId: group.id, userIds: [who], durationMinutes: 5 }) },
      { label: (who) => `Let ${name(who)} speak again`, path: '/v4/group-channel/user/mute-list/remove', body: (who) => ({ channelId: group.id, userIds: [who] }) },
      { label: (who) => `Remove ${name(who)}`, path: '/v4/group-channel/leave', body: (who) => ({ channelId: group.id, userIds: [who] }) },
      { label: (who) => `Put ${name(who)} back`, path: '/v4/group-channel/join', body: (who) => ({ channelId: group.id, userIds: [who] }) },
    ],
  },
  {
    title: 'Who they are',
    actions: [
      { label: (who) => `Issue ${name(who)} a token`, path: '/v4/auth/access-token/issue', body: (who) => ({ userId: who, name: name(who) }) },
      { label: (who) => `Rename ${name(who)} in push notifications`, path: '/v4/user/update', body: (who) => ({ userId: who, name: `${name(who)} the first` }) },
      { label: (who) => `Show ${name(who)}'s registration`, path: '/v4/user/get', body: (who) => ({ userId: who }) },
      { label: (who) => `Show ${name(who)}'s profile`, path: '/v4/user/profile/batch/get', body: (who) => ({ userIds: [who] }) },
    ],
  },
];
