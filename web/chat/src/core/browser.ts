/**
 * The core's world in a browser's page or worker, and in Node.
 *
 * @module
 */

import type { Env, SocketConstructor } from './env.js';
import { openIndexedDb } from './idb-store.js';
import { MemoryStore } from './memory-store.js';
import type { Store } from './store.js';

const isNode = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;

/** @param socket a WebSocket class to use instead of the platform's */
export function platformEnv(socket?: SocketConstructor): Env {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    uuid: randomId,
    timer: (ms, call) => {
      const id = setTimeout(call, ms);
      return () => clearTimeout(id);
    },
    socket: async () => socket ?? platformSocket(),
    openStore,
    onOnline: (call) => {
      if (typeof globalThis.addEventListener === 'function') globalThis.addEventListener('online', call);
    },
    platform: isNode ? 'pc' : 'web',
  };
}

async function platformSocket(): Promise<SocketConstructor> {
  if (typeof WebSocket === 'function') return WebSocket as unknown as SocketConstructor;
  // Node 20 has no WebSocket of its own. The name is put together here so that bundlers for browsers do not look for it.
  const name = ['w', 's'].join('');
  const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as { WebSocket: SocketConstructor };
  return module.WebSocket;
}

async function openStore(name: string, kind: 'auto' | 'memory'): Promise<Store> {
  if (kind === 'memory' || typeof indexedDB === 'undefined') return new MemoryStore();
  try {
    return await openIndexedDb(name);
  } catch {
    // Some private windows refuse; everything works, only not across a reload.
    return new MemoryStore();
  }
}

/** `crypto.randomUUID` where it exists: pages that are not served securely lack it. */
export function randomId(): string {
  if (typeof globalThis.crypto?.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
