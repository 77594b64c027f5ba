//! The fixed limits of the wire. What an operator may change is in the configuration instead.

/// Bytes of a user id.
pub const USER_ID_BYTES: usize = 64;
/// Characters of a push identity's name.
pub const NAME_CHARS: usize = 64;
/// Bytes of an avatar's URL.
pub const AVATAR_URL_BYTES: usize = 1024;
/// Characters of a ban's reason.
pub const BAN_REASON_CHARS: usize = 256;
/// Minutes of the longest timed ban: 30 days.
pub const BAN_MINUTES: i64 = 43_200;
/// Bytes of a message's content.
pub const CONTENT_BYTES: usize = 128 * 1024;
/// Bytes of a message type's name.
pub const MESSAGE_TYPE_BYTES: usize = 32;
/// Bytes of a client message id.
pub const CLIENT_MESSAGE_ID_BYTES: usize = 64;
/// Bytes of an access token.
pub const TOKEN_BYTES: usize = 256;
/// Bytes of a client's frame: a message of the largest content, and room for the rest.
pub const FRAME_BYTES: usize = CONTENT_BYTES + 16 * 1024;
/// Bytes of a Server API request's body.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Bytes of a device id, a platform's or an SDK version's name.
pub const DEVICE_TEXT_BYTES: usize = 64;
/// Ids in one call of the lists' and bans' operations.
pub const BATCH: usize = 20;
/// Ids in one call of soft delete, restore, friend removal and friend permission.
pub const LARGE_BATCH: usize = 100;
/// Ids in one call of mute and tag setting.
pub const HUGE_BATCH: usize = 1000;
/// Ids in one call of tag reading.
pub const TAG_READ_BATCH: usize = 50;
/// Tags of one user, and bytes of one tag.
pub const TAGS: usize = 20;
/// Bytes of one tag.
pub const TAG_BYTES: usize = 40;
/// Recipients of one Server API direct message.
pub const RECIPIENTS: usize = 1000;
/// Groups of one Server API message.
pub const RECIPIENT_GROUPS: usize = 3;
/// Entries of one user's blocklist or whitelist.
pub const LIST_ENTRIES: usize = 3000;
/// Friends of one user.
pub const FRIENDS: usize = 3000;
/// Characters of a friend's alias.
pub const ALIAS_CHARS: usize = 64;
/// Characters of what accompanies a friend request.
pub const FRIEND_EXTRA_CHARS: usize = 128;
/// Pairs of a friend's extension profile.
pub const FRIEND_EXT_PAIRS: usize = 10;
/// Pairs of a hosted profile's extension.
pub const PROFILE_EXT_PAIRS: usize = 20;
/// Characters of an extension key, prefix included.
pub const EXT_KEY_CHARS: usize = 32;
/// Characters of an extension value.
pub const EXT_VALUE_CHARS: usize = 256;
/// Days after which an unanswered friend request lapses.
pub const FRIEND_REQUEST_DAYS: i64 = 7;
/// Users in one subscription call.
pub const SUBSCRIBE_BATCH: usize = 200;
/// Characters of a channel tag's id.
pub const CHANNEL_TAG_ID_CHARS: usize = 10;
/// Characters of a channel tag's name.
pub const CHANNEL_TAG_NAME_CHARS: usize = 15;
/// Channel tags of one user, and in one call.
pub const CHANNEL_TAGS: usize = 20;
/// Channels under one tag of one user.
pub const TAGGED_CHANNELS: usize = 1000;
/// Channels for which one user has set something.
pub const CHANNEL_SETTINGS: usize = 3000;
/// Subscriptions of one user.
pub const SUBSCRIPTIONS: usize = 1000;
/// Subscribers of one user.
pub const SUBSCRIBERS: usize = 5000;
/// Shortest and longest life of a subscription, in seconds.
pub const SUBSCRIPTION_SECONDS: std::ops::RangeInclusive<u32> = 60..=2_592_000;
/// Webhooks of one app.
pub const WEBHOOKS: usize = 10;
/// Bytes of a webhook's URL.
pub const WEBHOOK_URL_BYTES: usize = 1024;
/// Users of an app in the development environment, or before a paid edition.
pub const FREE_USERS: i64 = 100;
/// Bytes of a group's id.
pub const GROUP_ID_BYTES: usize = 64;
/// Members of one group.
pub const GROUP_MEMBERS: usize = 3000;
/// Groups that one user may be in.
pub const JOINED_GROUPS: usize = 3000;
/// Admins of one group, its owner not among them.
pub const GROUP_ADMINS: usize = 10;
/// Users who come into a group when it is created, its owner not among them.
pub const GROUP_FIRST_MEMBERS: usize = 30;
/// Groups in one call of profile reading.
pub const GROUP_READ_BATCH: usize = 50;
/// Characters of a group's introduction.
pub const GROUP_INTRODUCTION_CHARS: usize = 512;
/// Characters of a group's announcement.
pub const GROUP_ANNOUNCEMENT_CHARS: usize = 1024;
/// Pairs of a group's extension profile.
pub const GROUP_EXT_PAIRS: usize = 10;
/// Characters of what is kept with a member of a group.
pub const MEMBER_EXTRA_CHARS: usize = 128;
/// Users in one invitation to a group.
pub const GROUP_INVITE_BATCH: usize = 30;
/// Days after which an unanswered application or invitation to a group lapses.
pub const GROUP_APPLICATION_DAYS: i64 = 7;
/// Applications and invitations of one group, or invitations by one user, that wait for an answer.
pub const GROUP_APPLICATIONS: usize = 3000;
/// Characters of why an application or invitation is refused.
pub const GROUP_REASON_CHARS: usize = 128;
/// Members of a group whom one other member follows.
pub const GROUP_FAVORITES: usize = 100;
/// Users who are muted in all groups of one app.
pub const MUTED_IN_ALL_GROUPS: usize = 100;
/// Members of a group whom one message is for, where it is not for all.
pub const GROUP_DIRECTED_USERS: usize = 200;
/// Users whom one message mentions.
pub const MENTIONED_USERS: usize = 200;
/// Members of the largest group in which who has read a message is kept.
pub const GROUP_RECEIPT_MEMBERS: i64 = 500;
/// Users whom the notice of one change of a group names.
pub const GROUP_NOTICE_USERS: usize = 100;
/// Bytes of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_BYTES: usize = 64;
/// Bytes of an `X-Request-ID`.
pub const REQUEST_ID_BYTES: usize = 36;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 64;
/// Bytes of what a push provider gave a device.
pub const PUSH_TOKEN_BYTES: usize = 1024;
/// Bytes of a notification's title, where a message's sender gives it.
pub const PUSH_TITLE_BYTES: usize = 256;
/// Bytes of a notification's text, and of its data, where a message's sender gives them.
pub const PUSH_TEXT_BYTES: usize = 1024;
/// Bytes of what a message's sender says besides about its notification.
pub const PUSH_EXT_BYTES: usize = 4096;
/// Bytes of a language's tag.
pub const LANGUAGE_BYTES: usize = 35;
/// Bytes of a time zone's name.
pub const TIMEZONE_BYTES: usize = 64;
/// Devices of one user that are registered for push; the oldest makes room.
pub const PUSH_DEVICES: usize = 20;
