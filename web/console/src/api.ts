/**
 * The console's API, as `crates/console` serves it: every call, what it takes and what it gives.
 *
 * - A call is `POST /console/api/PATH` with a JSON object, where `PATH` is a key of {@link Calls}. It needs the
 *   headers `Content-Type: application/json` and `Nuncio-Console: 1`, and comes from the server's own origin.
 * - Success is HTTP 200 with the result. Failure is another status with a {@link Failure}.
 * - The session is a cookie that scripts cannot see. Calls that change what the operator may do replace it.
 * - A call whose result is a `Blob` answers with a file, as an attachment.
 * - Times are Unix milliseconds. `null` stands for "none". What a call does not know it leaves out.
 * - A list that goes on has a `pageToken`: the same call with it gives the next page.
 */

/** Why a call did not succeed. */
export interface Failure {
  code: number;
  /** The code's name, of docs/codes.md. */
  name: FailureName | string;
  /** A sentence for people that says what to mend. */
  errorMessage: string;
  requestId: string;
  /** With 429: seconds after which to try again. */
  retryAfter?: number;
}

/** Names that the pages act on; all others are shown. */
export type FailureName =
  /** 401 40101: no session, or it is over: show the sign-in. */
  | "NOT_SIGNED_IN"
  /** 401 40102: name, password or code is wrong. */
  | "WRONG_CREDENTIALS"
  /** 401 40103: the password is right; ask for the code and call again with both. */
  | "SECOND_FACTOR_NEEDED"
  /** 403 40301: call `session/confirm` with the password, then the same call again. */
  | "CONFIRMATION_NEEDED"
  /** 403 40302: the operator's role is not enough. */
  | "ROLE_TOO_LOW"
  /** 403 40303: the request did not come from the console's own pages. */
  | "FOREIGN_ORIGIN"
  /** 409 40906: the state does not allow it now, e.g. an import that runs. */
  | "NOT_NOW"
  /** 410 41002: the one-time link was used, replaced, or is too old. */
  | "LINK_VOID"
  /** 429 1008 */
  | "TOO_MANY_REQUESTS"
  /** 403 2007: the app's limit of registered users. */
  | "USER_QUOTA"
  /** 401 1007: e.g. deleting a user in the production environment. */
  | "NOT_ALLOWED_FOR_APP"
  /** 400 1002: a member of the request is wrong; the sentence names it. */
  | "BAD_PARAMETER";

/** A page of a list. */
export interface Page<T> {
  items: T[];
  pageToken?: string;
}

export type None = Record<string, never>;

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
  name: string;
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
  since: number;
  /** Of friends: the user's own name for them. */
  alias?: string;
}

export interface IssuedToken {
  token: string;
  /** `null`: until it is expired. */
  expiresAt: number | null;
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
  before: unknown;
  after: unknown;
}

// ---------------------------------------------------------------- the calls

/**
 * Every call: what it takes, what it gives. The comment says who may call it. The server answers `PATH_NOT_FOUND` to
 * those that it does not serve: exports.
 */
export interface Calls {
  // Without a session.
  "session/sign-in": [{ name: string; password: string; code?: string }, Session];
  /** What a one-time link is for. */
  "session/link": [{ token: string }, { operator: string; firstOwner: boolean; expiresAt: number }];
  /** Sets the password and signs in. The first owner chooses a name too. 12 to 256 characters. */
  "session/redeem": [{ token: string; name?: string; password: string }, Session];

  // Any operator.
  "session/get": [None, Session];
  "session/sign-out": [None, None];
  "session/confirm": [{ password: string; code?: string }, Session];
  "account/set-password": [{ current: string; password: string }, Session];
  /** Needs confirmation. `qr` is the code's rows of `0` and `1`, to be drawn by the page. */
  "account/second-factor/begin": [None, { secret: string; uri: string; qr: string[] }];
  "account/second-factor/enable": [{ code: string }, { recoveryCodes: string[] }];
  /** Needs confirmation. */
  "account/second-factor/disable": [None, None];
  /** Needs confirmation. Voids the old ones. */
  "account/second-factor/recovery-codes": [None, { recoveryCodes: string[] }];
  "account/sessions": [None, { sessions: OwnSession[] }];
  /** One, or with `others` all but this one. */
  "account/sessions/revoke": [{ id?: string; others?: boolean }, None];

  // Owner of all apps.
  "operators/list": [None, { operators: Operator[] }];
  /** Needs confirmation. */
  "operators/invite": [{ name: string; grants: Grant[] }, OneTimeLink];
  /** A new link for an operator who has none, or forgot the password; voids sessions and password. Needs confirmation. */
  "operators/new-link": [{ name: string }, OneTimeLink];
  /** Needs confirmation. */
  "operators/set-grants": [{ name: string; grants: Grant[] }, None];
  /** Needs confirmation. */
  "operators/remove": [{ name: string }, None];

  // Apps. Who has no role on an app does not learn that it exists.
  "apps/list": [None, { apps: App[] }];
  /** Owner of all apps. */
  "apps/create": [{ name: string; environment: Environment; edition: Edition }, { app: App; appSecret: string }];
  "apps/editions": [None, { editions: EditionChange[] }];
  /** Viewer. */
  "apps/get": [{ appKey: string }, App];
  /** Viewer. */
  "apps/usage": [{ appKey: string }, Usage];
  /** Owner. What is left out stays. */
  "apps/update": [{ appKey: string; name?: string; edition?: Edition; locked?: boolean }, App];
  /** Developer. Needs confirmation. */
  "apps/secret": [{ appKey: string }, { appSecret: string }];
  /** Owner. Needs confirmation. Voids all tokens and closes all connections at once. */
  "apps/rotate-secret": [{ appKey: string }, { appSecret: string }];
  /**
   * Owner of the production app, viewer of the development app. Copies the settings; with `dryRun` it only tells
   * what would change.
   */
  "apps/promote": [{ appKey: string; toAppKey: string; dryRun?: boolean }, { changes: SettingChange[] }];
  /** Owner. Needs confirmation. `confirm` is the app's name, typed. */
  "apps/delete": [{ appKey: string; confirm: string }, None];
  /** Viewer. */
  "settings/get": [{ appKey: string }, Settings];
  /** Developer. What is left out stays. */
  "settings/set": [{ appKey: string; settings: Partial<Settings> }, Settings];

  // Users.
  /**
   * Viewer. Without `query`: newest first, or those of one status. With it: those whose id begins with it, and
   * those in whose name a word does (not case-sensitive). `query` and `status` exclude each other. At most 100.
   */
  "users/list": [
    { appKey: string; query?: string; status?: Exclude<UserStatus, "active">; pageToken?: string; pageSize?: number },
    Page<UserRow>,
  ];
  /** Viewer. */
  "users/get": [{ appKey: string; userId: string }, User];
  /** Viewer. */
  "users/relations": [
    { appKey: string; userId: string; list: "blocklist" | "whitelist" | "friends"; pageToken?: string; pageSize?: number },
    Page<Relation>,
  ];
  /** Support. Registers, or changes the push identity of who is registered, and issues a token. */
  "users/register": [
    { appKey: string; userId: string; name: string; avatarUrl?: string; ttlSeconds?: number },
    IssuedToken,
  ];
  /** Support. All tokens issued until now. `userIds` everywhere: 1 to 20. */
  "users/expire-tokens": [{ appKey: string; userIds: string[] }, None];
  /** Support. 1 to 43,200 minutes, or -1: until unbanned. */
  "users/ban": [
    { appKey: string; userIds: string[]; durationMinutes: number; reason?: string; expireTokens?: boolean },
    None,
  ];
  /** Support. */
  "users/unban": [{ appKey: string; userIds: string[] }, None];
  /** Support. Whether they may send direct messages. */
  "users/set-muted": [{ appKey: string; userIds: string[]; muted: boolean }, None];
  /** Support. */
  "users/soft-delete": [{ appKey: string; userIds: string[] }, { operationId: string }];
  /** Support. */
  "users/restore": [{ appKey: string; userIds: string[] }, { operationId: string }];
  /** Support. One connection, or all of the user's. Gives how many were closed. */
  "users/disconnect": [{ appKey: string; userId: string; sessionId?: string }, { closed: number }];
  /** Support. For good; development environment only (401 NOT_ALLOWED_FOR_APP otherwise). Frees the limit at once. */
  "users/delete": [{ appKey: string; userIds: string[] }, None];

  // Imports: developer.
  "imports/list": [{ appKey: string }, { imports: Import[] }];
  "imports/create": [{ appKey: string; fileName: string; format: "csv" | "jsonl" }, Import];
  /**
   * The file's next piece, whole characters, at most 256 KiB; `offset` (bytes of UTF-8) must be `received`, else 409
   * NOT_NOW: ask `imports/get` where to go on. `last` begins the dry run. At most 200,000 rows, 64 MiB.
   */
  "imports/upload": [{ appKey: string; id: string; offset: number; text: string; last: boolean }, Import];
  /** Answers with a file: what became of all rows, JSON lines. */
  "imports/results": [{ appKey: string; id: string }, Blob];
  "imports/get": [{ appKey: string; id: string }, Import];
  "imports/run": [{ appKey: string; id: string }, Import];
  "imports/cancel": [{ appKey: string; id: string }, Import];
  "imports/rows": [
    { appKey: string; id: string; outcome?: RowOutcome; pageToken?: string; pageSize?: number },
    Page<ImportRow>,
  ];

  // Exports: developer.
  "exports/list": [{ appKey: string; userId?: string }, { exports: Export[] }];
  "exports/create": [{ appKey: string; userId: string }, Export];
  "exports/get": [{ appKey: string; id: string }, Export];
  /** Ends one, and deletes its file. */
  "exports/remove": [{ appKey: string; id: string }, None];
  /** Answers with a file, a ZIP; needs confirmation. */
  "exports/download": [{ appKey: string; id: string }, Blob];

  // Overview: viewer.
  "overview/series": [{ appKey: string; span: Span }, Series];

  // Explorer: developer. The document of the operations is at `/openapi.json`.
  "explorer/send": [{ appKey: string; path: string; body: unknown; server?: string }, Sent];
  /** With the secret it needs confirmation. */
  "explorer/curl": [{ appKey: string; path: string; body: unknown; withSecret?: boolean; server?: string }, { curl: string }];

  // Webhooks: developer.
  "webhooks/list": [{ appKey: string }, { webhooks: Webhook[]; events: EventType[] }];
  "webhooks/add": [
    { appKey: string; name: string; url: string; events: string[]; timeoutMs?: number; passWhenSilent?: boolean },
    { webhook: Webhook; secret: string },
  ];
  "webhooks/set": [{ appKey: string; id: string } & Partial<Omit<Webhook, "id">>, Webhook];
  "webhooks/remove": [{ appKey: string; id: string }, None];
  /** Both need confirmation. */
  "webhooks/secret": [{ appKey: string; id: string }, { secret: string }];
  "webhooks/rotate-secret": [{ appKey: string; id: string }, { secret: string }];
  /** Posts a test event and waits for what comes of it. */
  "webhooks/test": [{ appKey: string; id: string }, { arrived: boolean; status: number; excerpt: string }];
  "webhooks/deliveries": [
    { appKey: string; id: string; state?: Delivery["state"]; pageToken?: string; pageSize?: number },
    Page<Delivery>,
  ];
  "webhooks/redeliver": [{ appKey: string; id: string; deliveryId: string }, None];

  // Push: developer. What of the secrets is left out stays.
  "push/list": [{ appKey: string }, { providers: PushProvider[] }];
  "push/set": [
    { appKey: string; provider: PushProviderName; credentials: PushCredentials; active?: boolean },
    PushProvider,
  ];
  "push/remove": [{ appKey: string; provider: PushProviderName }, None];
  /** Of the app's own gateway; needs confirmation. */
  "push/secret": [{ appKey: string }, { secret: string }];
  /** To a user's devices; without one, the credentials are tried with a device that does not exist. */
  "push/test": [
    { appKey: string; provider: PushProviderName; userId?: string },
    { accepted: boolean; status: number; excerpt: string },
  ];

  // Audit. Viewer of the app; without an `appKey`, owner of all apps. `action` is how what was done begins; a page can
  // have fewer entries than there is room for, and yet go on.
  "audit/list": [
    {
      appKey?: string;
      userId?: string;
      operator?: string;
      action?: string;
      from?: number;
      to?: number;
      pageToken?: string;
      pageSize?: number;
    },
    Page<AuditEntry>,
  ];
  /** The same rights and filters; answers with a file, JSON lines, the newest first. */
  "audit/export": [
    { appKey?: string; userId?: string; operator?: string; action?: string; from?: number; to?: number },
    Blob,
  ];
  /** Owner of all apps. Checks the chain. */
  "audit/verify": [None, { entries: number; intact: boolean; problem: string | null }];
}
