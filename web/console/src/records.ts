/**
 * What the console's calls take and give, as `crates/console` has it. Which calls there are is in `api.ts`.
 *
 * @module
 */

// ---------------------------------------------------------------- operators and sessions

/** Each may do what those after it may: owner, developer, support, viewer. */
export type Role = "owner" | "developer" | "support" | "viewer";

/** A role on one app, or on all of them, present and to come (`appKey: null`). */
export interface Grant {
  appKey: string | null;
  role: Role;
}

export interface Session {
  operator: string;
  grants: Grant[];
  /** Whether signing in needs a code. */
  secondFactor: boolean;
  recoveryCodesLeft: number;
  /** Without a call until then the session ends (idle). */
  idleAt: number;
  /** It ends then in any case. */
  expiresAt: number;
  /** Until then, no password is asked for again. 0 when it will be. */
  confirmedUntil: number;
  server: { version: string };
}

export interface OneTimeLink {
  /** Absolute where the server knows its address as the page does: `/console/#/link/TOKEN` after the origin. */
  url: string;
  expiresAt: number;
}

export interface Operator {
  name: string;
  grants: Grant[];
  secondFactor: boolean;
  createdAt: number;
  /** Whether a password was set. Without one, a link is out or must be made. */
  active: boolean;
  linkExpiresAt: number | null;
  lastSeenAt: number | null;
}

export interface OwnSession {
  /** Names the session without opening it. */
  id: string;
  current: boolean;
  createdAt: number;
  usedAt: number;
  address: string;
  /** The browser, as it says itself. */
  agent: string;
}

// ---------------------------------------------------------------- apps

export type Environment = "development" | "production";
export type Edition = "free" | "flagship" | "premium";

export interface App {
  appKey: string;
  name: string;
  environment: Environment;
  edition: Edition;
  /** Nothing of the app works. */
  locked: boolean;
  createdAt: number;
  /** The asking operator's role on it. */
  role: Role;
  /** Registered users that it may have; `null`: as many as there are. */
  userLimit: number | null;
}

export interface Usage {
  registered: number;
  softDeleted: number;
  userLimit: number | null;
  /** Users with at least one connected device. */
  online: number;
}

/** What changes with the edition, for the page that lets choose: told by the server so that it stays true. */
export interface EditionChange {
  edition: Edition;
  environment: Environment;
  userLimit: number | null;
}

/** Feature configuration. In force as soon as `settings/set` has answered. */
export interface Settings {
  /** Only friends can send direct messages to each other. */
  onlyFriendsCanMessage: boolean;
  /** Who becomes the friend of a user that has set nothing: 1 anyone, 2 with consent, 3 nobody. */
  friendPermission: 1 | 2 | 3;
  /** Life of tokens issued from now on; `null`: until they are expired. 1 to 3,153,600,000. */
  tokenTtlSeconds: number | null;
  expireClosesConnections: boolean;
  /** Devices of one user connected at once, 1 to 100; the oldest gives way. */
  devicesPerUser: number;
  /** `ext_` and letters, digits, `_`, at most 32 characters each, at most 100; empty: any well-formed key. */
  profileExtKeys: string[];
  profilesVisibleToStrangers: boolean;
  notifyFriendsOfProfiles: boolean;
  /** Off, whitelists are kept and not looked at. */
  whitelistService: boolean;
  requireSignatureV2: boolean;
  /** Server API calls per second and class of operations; `null`: the server's default. */
  apiCallsPerSecond: number | null;
  /** Client operations per second and connection; `null`: the server's default. */
  clientCallsPerSecond: number | null;
  /** Minutes after sending in which a message can be edited, 0 to 525,600; 0: not at all. */
  messageEditMinutes: number;
  /** Days that undelivered entries wait, 1 to 3,650. */
  inboxDays: number;
  /** Days that messages can be read in history, 1 to 36,500. */
  historyDays: number;
  /** Changes of a group are told in its conversation. */
  groupNotices: boolean;
  /** Members read of a group what was sent since they joined; off, all of it. */
  groupHistoryFromJoining: boolean;
}

export interface SettingChange {
  setting: keyof Settings;
  before: unknown;
  after: unknown;
}

// ---------------------------------------------------------------- users

export type UserStatus = "active" | "banned" | "muted" | "softDeleted";

export interface UserRow {
  userId: string;
  /** Push identity. */
  name: string;
  /** As others see the user: the profile's name, else that of the push identity. */
  shownName: string;
  avatarUrl: string;
  createdAt: number;
  online: boolean;
  /** All that hold; `["active"]` when none of the others does. */
  status: UserStatus[];
}

export interface Device {
  deviceId: string;
  platform: string;
  sdkVersion: string;
  since: number;
  /** The node that holds the connection; empty on a single server. */
  node: string;
  /** The client's address. */
  address: string;
  /** Names the connection, for `users/disconnect`. */
  sessionId: string;
}

export interface User {
  userId: string;
  /** Push identity. */
  name: string;
  shownName: string;
  avatarUrl: string;
  createdAt: number;
  status: UserStatus[];
  ban: { until: number; untilUnbanned: boolean; reason: string } | null;
  muted: boolean;
  softDeleted: boolean;
  /** Tokens issued before are void; 0 when none was voided. */
  tokensFrom: number;
  lastTokenAt: number;
  devices: Device[];
  /** Hosted profile; `null` when there is none. */
  profile: { basic: Record<string, unknown>; ext: Record<string, string>; updatedAt: number } | null;
  tags: string[];
  whitelistOn: boolean;
  /** The user's own: 1 anyone, 2 with consent, 3 nobody; `null`: the app's default. */
  friendPermission: 1 | 2 | 3 | null;
  counts: { blocklist: number; whitelist: number; friends: number };
  /** The newest entries of the audit trail about the user, at most 20. */
  history: AuditEntry[];
}

export interface Relation {
  userId: string;
  /** As others see them; empty for who is not registered. */
  name: string;
  since: number;
  /** Of friends: the user's own name for them. */
  alias?: string;
}

export interface IssuedToken {
  token: string;
  /** `null`: until it is expired. */
  expiresAt: number | null;
}

// ---------------------------------------------------------------- groups

export type GroupRole = "member" | "admin" | "owner";

export interface GroupRow {
  groupId: string;
  name: string;
  avatarUrl: string;
  owner: string;
  /** As members of the group see the owner. */
  ownerName: string;
  memberCount: number;
  /** Only allowed senders may send. */
  frozen: boolean;
  createdAt: number;
}

export interface Group extends GroupRow {
  /** Who owned it when it was made. */
  creator: string;
  introduction: string;
  announcement: string;
  ext: Record<string, string>;
  /** Who may do what, by the names and numbers of the Server API. */
  permissions: Record<string, number>;
}

/** A mute that is in force. */
export interface GroupMute {
  until: number;
  untilUnmuted: boolean;
}

export interface GroupMember {
  userId: string;
  /** The nickname in the group, else the profile's name, else that of the push identity, else the id. */
  name: string;
  avatarUrl: string;
  role: GroupRole;
  joinedAt: number;
  muted: GroupMute | null;
  /** The Server API's to lift. */
  mutedInAllGroups: GroupMute | null;
}

/** A group as one of its members has it. */
export interface JoinedGroup {
  groupId: string;
  name: string;
  avatarUrl: string;
  role: GroupRole;
  memberCount: number;
  frozen: boolean;
  joinedAt: number;
}

// ---------------------------------------------------------------- jobs

/**
 * An import goes: `uploading` (send the file in pieces) → `checking` (the dry run: each row is looked at, nothing
 * is changed) → `checked` → after `imports/run`: `running` → `done`. `cancelled` at any point before `done`: rows
 * that were imported stay. `failed`: it is no such file, see `problem`. All of it survives a restart of the server and of the page.
 */
export type ImportState = "uploading" | "checking" | "checked" | "running" | "done" | "cancelled" | "failed";

export interface Import {
  id: string;
  fileName: string;
  format: "csv" | "jsonl";
  state: ImportState;
  operator: string;
  createdAt: number;
  finishedAt: number | null;
  /** Bytes received: where to go on uploading. */
  received: number;
  rows: number;
  /** Rows looked at by the dry run, then rows imported. */
  done: number;
  counts: { new: number; existing: number; faulty: number; registered: number; updated: number };
  /** Why it failed. */
  problem: string | null;
}

export type RowOutcome = "new" | "existing" | "faulty" | "registered" | "updated";

export interface ImportRow {
  /** From 1; the CSV's header line does not count. */
  row: number;
  userId: string;
  outcome: RowOutcome;
  /** What is wrong with it. */
  fault?: string;
}

/**
 * One user's data as a ZIP with JSON, made by a job. It survives a restart of the server, which begins it anew; with
 * its user it goes.
 */
export interface Export {
  id: string;
  userId: string;
  state: "running" | "done" | "failed";
  operator: string;
  createdAt: number;
  finishedAt: number | null;
  /** 24 hours after its beginning. */
  expiresAt: number;
  /** Rows that were written. */
  rows: number;
  /** Bytes of the file, as far as it goes. */
  bytes: number;
  /** What is written now. */
  section: string;
  problem: string | null;
}

// ---------------------------------------------------------------- overview

/** `live`: five minutes in steps of five seconds, of the node that answers. */
export type Span = "live" | "hour" | "day" | "month";

/** Milliseconds within which half, 95 and 99 of 100 were answered; `null` when there were none. */
export type Latency = { p50: number; p95: number; p99: number } | null;

/** One step of time. A step in which nothing happened is there too, with zeros. */
export interface Point {
  /** Its beginning. */
  at: number;
  /** The most users that were online at once in it. */
  online: number;
  /** Counts by the code's name; `OK` is success. */
  logins: Record<string, number>;
  messages: Record<string, number>;
  apiCalls: Record<string, number>;
  /** From a message's arrival to its answer. */
  messageLatency: Latency;
  /** From a Server API call's headers to its answer. */
  apiLatency: Latency;
}

export interface Series {
  stepMs: number;
  /** Oldest first, without gaps; the last step is still going on. */
  points: Point[];
}

// ---------------------------------------------------------------- explorer

export interface Sent {
  status: number;
  headers: Record<string, string>;
  /** The answer's body as text, which is JSON. */
  body: string;
  tookMs: number;
  curl: string;
}

// ---------------------------------------------------------------- push

export type PushProviderName = "fcm" | "apns" | "web" | "webhook";

/** What an operator gives for a provider; docs/push.md says what each needs. */
export type PushCredentials = Record<string, string | boolean | number>;

export interface PushProvider {
  provider: PushProviderName;
  /** What of the credentials is not secret. */
  setup: Record<string, string | boolean | number>;
  active: boolean;
  changedAt: number;
  /** Notifications that it took. */
  sent: number;
  /** Attempts that failed. */
  failed: number;
  sentAt: number | null;
  lastError: string;
  lastErrorAt: number | null;
}

// ---------------------------------------------------------------- webhooks

export interface Webhook {
  id: string;
  name: string;
  url: string;
  /** Names of {@link EventType}. */
  events: string[];
  active: boolean;
  /** For an answer about a message before it is sent. */
  timeoutMs: number;
  /** What becomes of the message without one. */
  passWhenSilent: boolean;
  /** So much waits that new events are left out. */
  full: boolean;
  createdAt: number;
  delivered: number;
  /** Attempts. */
  failed: number;
  deliveredAt: number | null;
  lastError: string;
  lastErrorAt: number | null;
}

export interface EventType {
  name: string;
  meaning: string;
}

export interface Delivery {
  /** The event's id. */
  id: string;
  event: string;
  userId: string;
  state: "waiting" | "delivered" | "given-up";
  attempts: number;
  queuedAt: number;
  triedAt: number | null;
  /** HTTP status of the last answer; 0 without one. */
  status: number;
  /** How that answer begins, or why there was none. */
  excerpt: string;
  body: string;
}

// ---------------------------------------------------------------- audit

export interface AuditEntry {
  /** Its number in the chain. */
  seq: number;
  at: number;
  /** Who: an operator, an app's server, the command line, a job. */
  actor: { kind: "operator" | "api" | "cli" | "job" | string; name: string };
  /** From where; empty for jobs. */
  address: string;
  requestId: string;
  /** `null` when it concerns no app. */
  appKey: string | null;
  /** What was done, such as `user.ban`. */
  action: string;
  /** To which user; `null` when to none. */
  userId: string | null;
  /** As others see the user now; in lists of an app. */
  userName?: string;
  before: unknown;
  after: unknown;
}
