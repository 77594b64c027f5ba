/**
 * Codes that the SDK itself makes, and those of the server's that a client commonly tells apart.
 *
 * A result may carry any other number of the server's table (docs/codes.md); treat those as a failure and show `msg`.
 */
export enum NCCode {
  /** Success. */
  OK = 0,
  /** An argument is missing or of the wrong type. */
  BAD_ARGUMENT = 33003,
  /** `NCEngine.initialize` has not been called. */
  NOT_INITIALIZED = 33001,
  /** `connect` was called while an attempt is under way. */
  CONNECTING = 33006,
  /** `connect` was called while connected. */
  ALREADY_CONNECTED = 34001,
  /** `connect` did not succeed within its `timeout`. */
  CONNECT_TIMEOUT = 34006,
  /** A query's page was asked for while the one before is still loading. */
  QUERY_BUSY = 33103,
  /** The server has no such feature (yet). */
  NOT_AVAILABLE = 50101,
  /** The operation needs a connection, and there is none. */
  NOT_CONNECTED = 30002,
  /** No answer came in time. */
  NO_ANSWER = 30003,
  /** The connection could not be opened. */
  CANNOT_OPEN = 30010,
  /** The connection was lost. */
  CONNECTION_LOST = 30011,
  /** The heartbeat was not answered. */
  HEARTBEAT_LOST = 30013,
  /** The content is larger than the server takes. */
  TOO_LARGE = 30016,
  /** The server did not answer the login in time. */
  LOGIN_TIMEOUT = 31000,
  /** The token is not one, or is not this App Key's. */
  TOKEN_INVALID = 31004,
  /** The app is locked or deleted. */
  APP_UNAVAILABLE = 31008,
  /** Login refused: the user is banned. */
  BANNED = 31009,
  /** A newer connection of the same user's device took the place. */
  KICKED_BY_NEWER_DEVICE = 31010,
  /** The user was banned while connected. */
  BANNED_WHILE_CONNECTED = 31011,
  /** The token has expired. */
  TOKEN_EXPIRED = 31020,
  /** The server has as many connections as it may. */
  TOO_MANY_CONNECTIONS = 31024,
  /** The user was soft-deleted. */
  USER_DELETED = 31029,
  /** The server asks to come back. */
  COME_BACK = 32054,
  /** The frame was not understood. */
  BAD_FRAME = 40001,
  /** The sender is in the recipient's blocklist. */
  IN_BLOCKLIST = 405,
  /** The recipient's whitelist is on and does not hold the sender. */
  NOT_IN_WHITELIST = 407,
  /** The friend request was sent and waits for consent. */
  FRIEND_REQUEST_SENT = 25461,
  /** A manager of the group must approve. */
  GROUP_APPROVAL_PENDING = 25424,
  /** Invited users must agree. */
  GROUP_CONSENT_PENDING = 25427,
  /** The current user is not a member of the group. */
  NOT_IN_GROUP = 22406,
  /** The current user is muted in the group, or the group is frozen. */
  MUTED_IN_GROUP = 22408,
  /** Only the group's owner may do this. */
  ONLY_GROUP_OWNER = 25404,
  /** The group does not let the current user do this. */
  NO_GROUP_RIGHT = 25405,
  /** There is no such user. */
  NO_SUCH_USER = 24366,
  /** The time in which the message could be edited is over. */
  EDIT_TOO_LATE = 20114,
  /** Messages of this type cannot be edited. */
  NOT_EDITABLE = 20116,
  /** Another person's message. */
  NOT_YOUR_MESSAGE = 25107,
  /** The message meant does not exist. */
  MESSAGE_NOT_FOUND = 22201,
  /** The sending was cancelled, or the upload stopped. */
  CANCELLED = 34011,
  /** The file is empty. */
  FILE_EMPTY = 34018,
  /** The upload failed. */
  UPLOAD_FAILED = 34019,
  /** The server failed. */
  SERVER_FAILED = 1000,
  /** The server did not finish in time. */
  SERVER_TIMEOUT = 1050,
  /** The server's store cannot be reached; nothing was done. */
  UNAVAILABLE = 50301,
  /** The server cannot say whether the call took effect. */
  OUTCOME_UNKNOWN = 50302,
}
