/**
 * What a session works with: the pages that share it, and the worker or page that it lives in.
 *
 * @module
 */

import type { CoreEvent } from './api.js';
import type { Core } from './core.js';
import type { Env } from './env.js';

/** A page that shares the session. */
export interface Page {
  /** Whether the page can get a new token by itself. */
  hasTokenProvider: boolean;
  /** Tells the page something. */
  tell(event: CoreEvent): void;
}

/** Where a session asks about the others of the same worker. */
export interface CoreHost {
  env: Env;
  /** The session of this user that exists already, unless it is `core` itself. */
  elder(core: Core, userId: string): Core | undefined;
  /** Settles once no other session of the app is in the middle of a login whose user is not known yet. */
  othersLogin(core: Core): Promise<unknown>;
  /** This installation's id, the same at every login. */
  deviceId(suffix: string): Promise<string>;
  /** Notes whose token this is, to know the user before the login the next time. */
  rememberToken(token: string, userId: string): Promise<void>;
}
