/**
 * The settings of an app: what they are called, what they do, and what they can be.
 *
 * @module
 */

import type { Settings } from './api.js';
import { number, permissions } from './words.js';

export type Kind =
  | { kind: 'switch' }
  | { kind: 'number'; min: number; max: number; unit: string; /** What no number stands for. */ none?: string }
  | { kind: 'choice'; options: readonly (readonly [string, string])[] }
  | { kind: 'words' };

export type Setting = Kind & { label: string; about: string };

const U32 = 4_294_967_295;

export const settings: Record<keyof Settings, Setting> = {
  onlyFriendsCanMessage: {
    kind: 'switch',
    label: 'Only friends can message',
    about: 'A direct message is refused unless the two users are friends. Your app\'s server can always send.',
  },
  friendPermission: {
    kind: 'choice',
    options: Object.entries(permissions),
    label: 'Who may become a friend',
    about: 'Holds for users who have set nothing themselves.',
  },
  whitelistService: {
    kind: 'switch',
    label: 'Whitelists',
    about: 'A user whose whitelist is on gets messages from those on it alone. Off, whitelists are kept and not looked at.',
  },
  tokenTtlSeconds: {
    kind: 'number', min: 1, max: 3_153_600_000, unit: 'seconds', none: 'until expired',
    label: 'Life of a token',
    about: 'Of tokens issued from now on. Empty: a token is good until it is expired.',
  },
  expireClosesConnections: {
    kind: 'switch',
    label: 'Expiring closes connections',
    about: 'When a user\'s tokens are expired, connections that began with one of them close at once.',
  },
  devicesPerUser: {
    kind: 'number', min: 1, max: 100, unit: 'devices',
    label: 'Devices per user',
    about: 'So many devices of one user can be connected at once. With one more, the oldest gives way.',
  },
  profilesVisibleToStrangers: {
    kind: 'switch',
    label: 'Profiles are visible to strangers',
    about: 'Off, who is not a friend sees the name and the avatar alone, unless the profile\'s owner decided otherwise.',
  },
  notifyFriendsOfProfiles: {
    kind: 'switch',
    label: 'Tell friends of new profiles',
    about: 'Friends who are connected hear of it when a user changes the profile.',
  },
  profileExtKeys: {
    kind: 'words',
    label: 'Keys of profile extensions',
    about: 'The keys that profiles may have beyond the usual ones, with blanks between them: `ext_` and letters, digits or `_`. Empty: any such key.',
  },
  requireSignatureV2: {
    kind: 'switch',
    label: 'Require the stronger signature',
    about: 'Calls of your app\'s server with the older signature are refused. Make sure that your server uses the stronger one first.',
  },
  apiCallsPerSecond: {
    kind: 'number', min: 1, max: U32, unit: 'calls per second', none: 'the server\'s default',
    label: 'Server API calls per second',
    about: 'For each class of operations. More are refused for a moment. Empty: the server\'s default.',
  },
  clientCallsPerSecond: {
    kind: 'number', min: 1, max: U32, unit: 'calls per second', none: 'the server\'s default',
    label: 'Client operations per second',
    about: 'For each connection. More are refused for a moment. Empty: the server\'s default.',
  },
  messageEditMinutes: {
    kind: 'number', min: 0, max: 525_600, unit: 'minutes',
    label: 'Messages can be edited for',
    about: 'So long after sending, its sender can edit a message. 0: not at all. Your app\'s server can always edit.',
  },
  inboxDays: {
    kind: 'number', min: 1, max: 3650, unit: 'days',
    label: 'Undelivered messages wait',
    about: 'So long a message waits for a device that is not connected.',
  },
  historyDays: {
    kind: 'number', min: 1, max: 36_500, unit: 'days',
    label: 'History reaches back',
    about: 'So long messages can be read in a conversation\'s history; then they are gone.',
  },
  groupNotices: {
    kind: 'switch',
    label: 'Tell changes of a group in its conversation',
    about: 'Members read there who came, went, was made admin, and more. Off, their devices are told, and show it as your app likes.',
  },
  groupHistoryFromJoining: {
    kind: 'switch',
    label: 'Members read a group from joining on',
    about: 'Off, they read what was sent before as well.',
  },
};

/** In which order, and under which headings. */
export const groups: readonly (readonly [string, readonly (keyof Settings)[]])[] = [
  ['Messages and friends', ['onlyFriendsCanMessage', 'friendPermission', 'whitelistService', 'messageEditMinutes']],
  ['Groups', ['groupNotices', 'groupHistoryFromJoining']],
  ['Tokens and devices', ['tokenTtlSeconds', 'expireClosesConnections', 'devicesPerUser']],
  ['Profiles', ['profilesVisibleToStrangers', 'notifyFriendsOfProfiles', 'profileExtKeys']],
  ['Server API and limits', ['requireSignatureV2', 'apiCallsPerSecond', 'clientCallsPerSecond']],
  ['Keeping', ['inboxDays', 'historyDays']],
];

/** A setting's value in words. */
export function valueText(name: keyof Settings, value: unknown): string {
  const setting = settings[name];
  if (setting.kind === 'switch') return value ? 'on' : 'off';
  if (setting.kind === 'choice') return setting.options.find(([key]) => key === String(value))?.[1] ?? String(value);
  if (setting.kind === 'words') return Array.isArray(value) && value.length > 0 ? value.join(' ') : 'any';
  return typeof value === 'number' ? `${number(value)} ${setting.unit}` : (setting.none ?? 'none');
}
