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
 *
 * @module
 */

import type {
  App,
  AuditEntry,
  Delivery,
  Edition,
  EditionChange,
  Environment,
  EventType,
  Export,
  Grant,
  Group,
  GroupMember,
  GroupRole,
  GroupRow,
  Import,
  ImportRow,
  IssuedToken,
  JoinedGroup,
  OneTimeLink,
  Operator,
  OwnSession,
  PushCredentials,
  PushProvider,
  PushProviderName,
  Relation,
  RowOutcome,
  Sent,
  Series,
  Session,
  SettingChange,
  Settings,
  Span,
  Usage,
  User,
  UserRow,
  UserStatus,
  Webhook,
} from "./records.js";

export type * from "./records.js";

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

  /** Viewer. The groups that a user is in, the last joined first. */
  "users/groups": [{ appKey: string; userId: string; pageToken?: string; pageSize?: number }, Page<JoinedGroup>];

  // Groups.
  /** Viewer. Without `query`: newest first. With it: those whose id begins with it, by id. */
  "groups/list": [{ appKey: string; query?: string; pageToken?: string; pageSize?: number }, Page<GroupRow>];
  /** Viewer. */
  "groups/get": [{ appKey: string; groupId: string }, Group];
  /** Viewer. The longest-standing first. */
  "groups/members": [
    { appKey: string; groupId: string; role?: GroupRole; pageToken?: string; pageSize?: number },
    Page<GroupMember>,
  ];
  /** Support. For good; needs confirmation. */
  "groups/dismiss": [{ appKey: string; groupId: string }, None];
  /** Support. */
  "groups/set-frozen": [{ appKey: string; groupId: string; frozen: boolean }, None];
  /** Support. Not the owner. */
  "groups/kick": [{ appKey: string; groupId: string; userIds: string[] }, None];
  /** Support. 1 to 43,200 minutes, or 0: until unmuted. */
  "groups/mute": [{ appKey: string; groupId: string; userIds: string[]; durationMinutes: number }, None];
  /** Support. */
  "groups/unmute": [{ appKey: string; groupId: string; userIds: string[] }, None];

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
