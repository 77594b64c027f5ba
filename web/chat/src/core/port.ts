/**
 * How pages and a worker talk: requests with numbers, answers, events.
 *
 * @module
 */

import type { CoreCalls, CoreConfig, CoreEvent, Failure } from './api.js';

/** From the page. */
export type ToCore =
  /** The first message: who speaks. `lock` is the Web Lock that the page holds while it lives. */
  | { join: CoreConfig; lock: string }
  | { id: number; call: keyof CoreCalls | 'renew'; argument: unknown }
  | { leave: true };

/** From the core. */
export type FromCore =
  /** The worker runs. */
  | { hello: string }
  | { id: number; value: unknown }
  | { id: number; failure: Failure }
  | { event: CoreEvent };

/** The part of a MessagePort that both ends use. */
export interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}
