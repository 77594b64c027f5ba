/**
 * Web components for Nuncio: `<nuncio-chat>` and its parts, the texts and the user information behind them.
 *
 * Importing the package defines the elements. They show whoever `NCEngine` of `@nuncio/chat` is connected as.
 *
 * @module
 */

import { NuncioBlocklist } from './elements/blocklist.js';
import { NuncioChannelList } from './elements/channel-list.js';
import { NuncioChannelSettings } from './elements/channel-settings.js';
import { NuncioChat } from './elements/chat.js';
import { NuncioComposer } from './elements/composer.js';
import { NuncioConnectionBar } from './elements/connection-bar.js';
import { NuncioConversation } from './elements/conversation.js';
import { NuncioFriendList } from './elements/friend-list.js';
import { NuncioFriendRequests } from './elements/friend-requests.js';
import { NuncioGroupForm } from './elements/group-form.js';
import { NuncioGroupList } from './elements/group-list.js';
import { NuncioGroupMembers } from './elements/group-members.js';
import { NuncioGroupPage } from './elements/group-page.js';
import { NuncioGroupRequests } from './elements/group-requests.js';
import { NuncioGroupSettings } from './elements/group-settings.js';
import { NuncioNotificationSettings } from './elements/notification-settings.js';
import { NuncioPeoplePicker } from './elements/people-picker.js';
import { NuncioQuietHours } from './elements/quiet-hours.js';
import { NuncioReadReceipts } from './elements/read-receipts.js';
import { NuncioTags } from './elements/tags.js';
import { NuncioUserCard } from './elements/user-card.js';

export { NuncioElement } from './element.js';
export type { ChatPane } from './elements/chat.js';
export {
  NuncioBlocklist,
  NuncioChannelList,
  NuncioChannelSettings,
  NuncioChat,
  NuncioComposer,
  NuncioConnectionBar,
  NuncioConversation,
  NuncioFriendList,
  NuncioFriendRequests,
  NuncioGroupForm,
  NuncioGroupList,
  NuncioGroupMembers,
  NuncioGroupPage,
  NuncioGroupRequests,
  NuncioGroupSettings,
  NuncioNotificationSettings,
  NuncioPeoplePicker,
  NuncioQuietHours,
  NuncioReadReceipts,
  NuncioTags,
  NuncioUserCard,
};
export { groupIdOf, groupKey, keyOf as conversationKey } from './conversation-key.js';
export { ChatError } from './failure.js';
export { Groups, groups } from './groups.js';
export type { GroupChange } from './groups.js';
export { ChatSession, session } from './session.js';
export type { FriendProvider, MessagesEvent, ReadCount, SessionPart } from './session.js';
export { Tags, tags } from './tags.js';
export { direction, getLanguage, getLanguages, refusalText, registerTexts, setLanguage, text, textsChanged } from './texts.js';
export type { TextKey, Texts } from './texts.js';
export * from './theme.js';
export { UserInfo, userInfo } from './user-info.js';
export type {
  GroupDetails,
  GroupInfoProvider,
  GroupMemberDetails,
  GroupMemberInfoProvider,
  GroupMembersProvider,
  UserDetails,
  UserInfoProvider,
} from './user-info.js';

/** The components by their tags. */
const components = {
  'nuncio-blocklist': NuncioBlocklist,
  'nuncio-channel-list': NuncioChannelList,
  'nuncio-channel-settings': NuncioChannelSettings,
  'nuncio-chat': NuncioChat,
  'nuncio-composer': NuncioComposer,
  'nuncio-connection-bar': NuncioConnectionBar,
  'nuncio-conversation': NuncioConversation,
  'nuncio-friend-list': NuncioFriendList,
  'nuncio-friend-requests': NuncioFriendRequests,
  'nuncio-group-form': NuncioGroupForm,
  'nuncio-group-list': NuncioGroupList,
  'nuncio-group-members': NuncioGroupMembers,
  'nuncio-group-page': NuncioGroupPage,
  'nuncio-group-requests': NuncioGroupRequests,
  'nuncio-group-settings': NuncioGroupSettings,
  'nuncio-notification-settings': NuncioNotificationSettings,
  'nuncio-people-picker': NuncioPeoplePicker,
  'nuncio-quiet-hours': NuncioQuietHours,
  'nuncio-read-receipts': NuncioReadReceipts,
  'nuncio-tags': NuncioTags,
  'nuncio-user-card': NuncioUserCard,
} as const;

for (const [tag, component] of Object.entries(components)) {
  if (customElements.get(tag) === undefined) customElements.define(tag, component);
}

declare global {
  interface HTMLElementTagNameMap {
    'nuncio-blocklist': NuncioBlocklist;
    'nuncio-channel-list': NuncioChannelList;
    'nuncio-channel-settings': NuncioChannelSettings;
    'nuncio-chat': NuncioChat;
    'nuncio-composer': NuncioComposer;
    'nuncio-connection-bar': NuncioConnectionBar;
    'nuncio-conversation': NuncioConversation;
    'nuncio-friend-list': NuncioFriendList;
    'nuncio-friend-requests': NuncioFriendRequests;
    'nuncio-group-form': NuncioGroupForm;
    'nuncio-group-list': NuncioGroupList;
    'nuncio-group-members': NuncioGroupMembers;
    'nuncio-group-page': NuncioGroupPage;
    'nuncio-group-requests': NuncioGroupRequests;
    'nuncio-group-settings': NuncioGroupSettings;
    'nuncio-notification-settings': NuncioNotificationSettings;
    'nuncio-people-picker': NuncioPeoplePicker;
    'nuncio-quiet-hours': NuncioQuietHours;
    'nuncio-read-receipts': NuncioReadReceipts;
    'nuncio-tags': NuncioTags;
    'nuncio-user-card': NuncioUserCard;
  }
}
