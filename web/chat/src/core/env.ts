/**
 * The world outside the core: time, chance, sockets and storage, so that tests can stand in for each.
 *
 * @module
 */

import type { Store } from './store.js';

/** The part of a WebSocket that the core uses. */
export interface SocketLike {
  binaryType: string;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
}

/** A WebSocket class, such as the browser's or that of the `ws` package. */
export type SocketConstructor = new (url: string) => SocketLike;

/** See the module. */
export interface Env {
  now(): number;
  /** A number from 0 to 1. */
  random(): number;
  /** An id that is unique everywhere. */
  uuid(): string;
  /** Calls back once after `ms` milliseconds; returns what cancels it. */
  timer(ms: number, call: () => void): () => void;
  socket(): Promise<SocketConstructor>;
  openStore(name: string, kind: 'auto' | 'memory'): Promise<Store>;
  /** Calls back when the network is said to be back. */
  onOnline(call: () => void): void;
  /** Such as `web`. */
  platform: string;
}

/** A pause that can be cut short. */
export function pause(env: Env, ms: number): { done: Promise<void>; wake: () => void } {
  let wake = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    const cancel = env.timer(ms, resolve);
    wake = () => {
      cancel();
      resolve();
    };
  });
  return { done, wake };
}
