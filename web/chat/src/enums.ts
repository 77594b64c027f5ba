/** How the connection stands. */
export enum ConnectionStatus {
  /** The link is up. */
  CONNECTED = 0,
  /** The first attempt, or another one, is under way. */
  CONNECTING = 1,
  /** Stopped; the SDK does not try again by itself. The event's `code` says why. */
  DISCONNECTED = 2,
  /** Lost for now; the SDK tries again by itself. */
  SUSPENDED = 3,
}

/** Kinds of channels. */
export enum ChannelType {
  /** Between two users; the channel id is the other user's id. */
  DIRECT = 1,
  /** A group of users. */
  GROUP = 3,
  /** A room that users enter and leave. */
  OPEN = 4,
  /** Notices of the app to one user. */
  SYSTEM = 6,
  /** A community with subchannels. */
  COMMUNITY = 10,
}

/** Which messages of a channel notify the user. */
export enum ChannelNoDisturbLevel {
  /** All messages. */
  ALL_MESSAGE = -1,
  /** As the channel type's level says. */
  DEFAULT = 0,
  /** Only those that mention the user or everybody. */
  MENTION = 1,
  /** Only those that mention the user. */
  MENTION_USERS = 2,
  /** Only those that mention everybody. */
  MENTION_ALL = 4,
  /** None. */
  MUTED = 5,
}

/** What the daily no-disturb time lets through. */
export enum NoDisturbTimeLevel {
  /** As without a no-disturb time. */
  DEFAULT = 0,
  /** Only mentions. */
  MENTION = 1,
  /** Nothing. */
  MUTED = 5,
}

/** Who sent a message. */
export enum MessageDirection {
  /** The current user, from any device. */
  SEND = 1,
  /** Somebody else. */
  RECEIVE = 2,
}

/** How far a message has come. */
export enum SentStatus {
  /** On its way, or waiting for the connection. */
  SENDING = 10,
  /** Refused, or given up. */
  FAILED = 20,
  /** Accepted by the server. */
  SENT = 30,
  /** Received from somebody else. */
  RECEIVED = 40,
  /** Read by the other side of a direct channel. */
  READ = 50,
  /** Destroyed after reading. */
  DESTROYED = 60,
  /** Cancelled by the app before it was sent. */
  CANCELED = 70,
}

/** Whom a message mentions. */
export enum MentionedType {
  /** Everybody in the channel. */
  ALL = 1,
  /** The users listed. */
  USERS = 2,
}

/** Which users a read-receipt query lists. */
export enum MessageReadReceiptStatus {
  /** Those who have not read the message. */
  UNRESPONDED = 0,
  /** Those who have. */
  RESPONDED = 1,
  /** Another spelling of {@link MessageReadReceiptStatus.UNRESPONDED}. */
  UNREAD = 0,
  /** Another spelling of {@link MessageReadReceiptStatus.RESPONDED}. */
  READ = 1,
}

/** Data centres of the hosted service. Accepted and ignored: `naviServer` says where the server is. */
export enum AreaCode {
  /** Singapore. */
  SG = 0,
  /** North America. */
  NA = 1,
  /** Beijing. */
  BJ = 2,
  /** Saudi Arabia. */
  SA = 3,
  /** Oman. */
  OM = 4,
}

/** What a subscription tells about. */
export enum SubscribeType {
  /** Whether the user is online. */
  ONLINE_STATUS = 1,
  /** The user's profile. */
  USER_PROFILE = 2,
  /** Whether a friend is online; never subscribed by hand. */
  FRIEND_ONLINE_STATUS = 3,
  /** A friend's profile; never subscribed by hand. */
  FRIEND_USER_PROFILE = 4,
}

/** Whether a subscription was made or ended. */
export enum SubscribeOperationType {
  /** Made. */
  SUBSCRIBE = 1,
  /** Ended. */
  UNSUBSCRIBE = 2,
}

/** Who may add the user as a friend. */
export enum FriendAddPermission {
  /** Never set; the app's default holds. Can be read, not set. */
  NOT_SET = 0,
  /** Anyone, at once. */
  FREE = 1,
  /** Anyone, with the user's consent. */
  NEED_VERIFY = 2,
  /** Nobody. */
  NO_ONE_ALLOWED = 3,
}

/** From which side a friend request is seen. */
export enum FriendApplicationType {
  /** The current user asked. */
  SENT = 1,
  /** The current user was asked. */
  RECEIVED = 2,
}

/** How a friend request stands. */
export enum FriendApplicationStatus {
  /** Waiting for an answer. */
  UNHANDLED = 1,
  /** Accepted. */
  ACCEPTED = 2,
  /** Refused. */
  REFUSED = 3,
  /** Lapsed without an answer. */
  EXPIRED = 4,
}

/** Who has whom as a friend. Friendship is mutual, so the two halves do not occur by themselves. */
export enum FriendRelationType {
  /** Not friends. */
  NONE = 0,
  /** The other is in my list only. */
  IN_MY_FRIEND_LIST = 1,
  /** I am in the other's list only. */
  IN_OTHER_FRIEND_LIST = 2,
  /** Friends. */
  IN_BOTH_FRIEND_LIST = 3,
}

/** Who sees the user's profile. */
export enum UserProfileVisibility {
  /** Never set; the app's default holds. */
  NOT_SET = 0,
  /** Nobody. */
  INVISIBLE = 1,
  /** Everybody. */
  EVERYONE = 2,
  /** Friends. */
  FRIEND_VISIBLE = 3,
}

/** A profile's gender. */
export enum UserGender {
  /** Not told. */
  UNKNOWN = 0,
  /** Male. */
  MALE = 1,
  /** Female. */
  FEMALE = 2,
}

/** A group member's role. */
export enum GroupMemberRole {
  /** In queries: any role. */
  UNDEF = 0,
  /** Plain member. */
  NORMAL = 1,
  /** Manager. */
  MANAGER = 2,
  /** Owner. */
  OWNER = 3,
}

/** What happened to a group. */
export enum GroupOperation {
  /** Created. */
  CREATE = 0,
  /** Members joined. */
  JOIN = 1,
  /** Members were removed. */
  KICK = 2,
  /** Members left. */
  QUIT = 3,
  /** Dismissed. */
  DISMISS = 4,
  /** Managers were named. */
  ADD_ADMIN = 5,
  /** Managers were dismissed. */
  REMOVE_ADMIN = 6,
  /** Another owner. */
  TRANSFER_OWNER = 7,
}

/** Who lets users into a group. */
export enum GroupJoinPermission {
  /** The owner. */
  OWNER_VERIFY = 0,
  /** Nobody needs to. */
  FREE = 1,
  /** The owner or a manager. */
  OWNER_OR_ADMIN_VERIFY = 2,
  /** Nobody may join. */
  NO_ONE_ALLOWED = 3,
}

/** Who may do something in a group. */
export enum GroupOperationPermission {
  /** The owner. */
  OWNER = 0,
  /** The owner and managers. */
  OWNER_OR_ADMIN = 1,
  /** Everybody. */
  EVERYONE = 2,
}

/** Whether invited users are asked. */
export enum GroupInviteHandlePermission {
  /** They are members at once. */
  FREE = 0,
  /** They must agree. */
  INVITEE_VERIFY = 1,
}

/** Who may change a member's information. */
export enum GroupMemberInfoEditPermission {
  /** The owner, managers and the member. */
  OWNER_OR_ADMIN_OR_SELF = 0,
  /** The owner and the member. */
  OWNER_OR_SELF = 1,
  /** The member. */
  SELF = 2,
}

/** How a request to join a group stands. */
export enum GroupApplicationStatus {
  /** Waits for a manager. */
  ADMIN_UNHANDLED = 0,
  /** A manager refused. */
  ADMIN_REFUSED = 1,
  /** Waits for the invited user. */
  INVITEE_UNHANDLED = 2,
  /** The invited user refused. */
  INVITEE_REFUSED = 3,
  /** Joined. */
  JOINED = 4,
  /** Lapsed. */
  EXPIRED = 5,
}

/** From which side a request to join a group is seen. */
export enum GroupApplicationDirection {
  /** I asked to join. */
  APPLICATION_SENT = 0,
  /** I invited somebody. */
  INVITATION_SENT = 1,
  /** I was invited. */
  INVITATION_RECEIVED = 2,
  /** Somebody asked to join my group. */
  APPLICATION_RECEIVED = 3,
}

/** Which filter blocked a message. */
export enum MessageBlockType {
  /** Not told. */
  UNKNOWN = 0,
  /** The service's own word list. */
  GLOBAL = 1,
  /** The app's word list. */
  CUSTOM = 2,
  /** A moderation service. */
  THIRD_PARTY = 3,
}

/** How far the transcription of a voice message has come. */
export enum SpeechToTextStatus {
  /** Not asked for. */
  NOT_CONVERTED = 0,
  /** Under way. */
  CONVERTING = 1,
  /** Done. */
  SUCCESS = 2,
  /** Failed. */
  FAILED = 3,
}

/** How a channel's messages are translated. */
export enum TranslateStrategy {
  /** As the user's setting says. */
  DEFAULT = 0,
  /** Always. */
  AUTO_ON = 1,
  /** Never. */
  AUTO_OFF = 2,
}

/** Which copies `deleteMessagesForMeByTimestamp` deletes. The SDK hides them on this installation. */
export enum MessageDeletePolicy {
  /** Those on this installation. */
  LOCAL = 0,
  /** Those on the server. */
  REMOTE = 1,
  /** Both. */
  LOCAL_AND_REMOTE = 2,
}
