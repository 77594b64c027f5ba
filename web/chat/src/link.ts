/**
 * The page's end of the core: over a port to the shared worker, or straight to a core in the page.
 *
 * @module
 */

import type { CoreCalls, CoreConfig, CoreEvent, Outcome } from './core/api.js';
import { platformEnv, randomId } from './core/browser.js';
import type { SocketConstructor } from './core/env.js';
import { outcomeOf } from './core/failure.js';
import { Hub } from './core/hub.js';
import type { FromCore, Port } from './core/port.js';
import { SDK_VERSION } from './version.js';

/** How long a worker may take to say hello, in milliseconds. */
const HELLO_MS = 3_000;

/** The names of the calls. */
export type CallName = keyof CoreCalls;
/** A call's argument. */
export type ArgumentOf<N extends CallName> = Parameters<CoreCalls[N]>[0];
/** A call's answer. */
export type AnswerOf<N extends CallName> = Awaited<ReturnType<CoreCalls[N]>>;

/** See the module. */
export interface Link {
  call<N extends CallName>(name: N, argument: ArgumentOf<N>): Promise<Outcome<AnswerOf<N>>>;
  /** Hands over a new token. */
  renew(token: string): void;
  /** The page needs the core no more. */
  leave(): void;
}

/** How the core is reached. */
export interface LinkOptions {
  config: CoreConfig;
  onEvent: (event: CoreEvent) => void;
  worker: 'shared' | 'page';
  workerUrl?: string | URL;
  socket?: SocketConstructor;
}

/** To the shared worker where that is possible, else to a core in the page. */
export async function openLink(options: LinkOptions): Promise<Link> {
  if (options.worker === 'shared' && options.socket === undefined) {
    const port = await sharedPort(options.workerUrl);
    if (port !== undefined) return portLink(port, options);
  }
  return pageLink(options);
}

/** A worker's constructor; not every browser has shared ones. */
interface SharedWorkerLike {
  port: Port & { start?(): void };
  onerror: ((event: unknown) => void) | null;
}

async function sharedPort(url: string | URL | undefined): Promise<Port | undefined> {
  const Shared = (globalThis as { SharedWorker?: unknown }).SharedWorker;
  if (typeof Shared !== 'function') return undefined;
  let worker: SharedWorkerLike;
  try {
    // Written out in full because bundlers look for just this expression.
    worker = (url === undefined
      ? new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'nuncio' })
      : new SharedWorker(url, { type: 'module', name: 'nuncio' })) as unknown as SharedWorkerLike;
  } catch {
    return undefined; // Forbidden here, such as by a content security policy.
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), HELLO_MS);
    const settle = (port: Port | undefined): void => {
      clearTimeout(timer);
      resolve(port);
    };
    worker.onerror = () => settle(undefined);
    worker.port.onmessage = ({ data }) => {
      // A worker of another version, left over in another tab, speaks another language.
      settle((data as { hello?: string }).hello === SDK_VERSION ? worker.port : undefined);
    };
  });
}

function portLink(port: Port, { config, onEvent }: LinkOptions): Link {
  const waiting = new Map<number, (outcome: Outcome<never>) => void>();
  let lastId = 0;
  port.onmessage = ({ data }) => {
    const message = data as FromCore;
    if ('event' in message) return onEvent(message.event);
    if ('hello' in message) return;
    const settle = waiting.get(message.id);
    waiting.delete(message.id);
    if ('failure' in message) settle?.({ ok: false, failure: message.failure });
    else settle?.({ ok: true, value: message.value as never });
  };
  const lock = `nuncio:${randomId()}`;
  const join = (): void => port.postMessage({ join: config, lock });
  const locks = globalThis.navigator?.locks;
  // The worker waits for the lock, so it must be held before the worker hears of it.
  const joined = new Promise<void>((resolve) => {
    const held = (): Promise<never> => {
      join();
      resolve();
      return new Promise(() => undefined);
    };
    if (locks) void locks.request(lock, held);
    else void held();
  });
  const send = async (call: string, argument: unknown, settle?: (outcome: Outcome<never>) => void): Promise<void> => {
    await joined;
    const id = ++lastId;
    if (settle) waiting.set(id, settle);
    port.postMessage({ id, call, argument });
  };
  return {
    call: (name, argument) => new Promise((resolve) => void send(name, argument, resolve)),
    renew: (token) => void send('renew', token),
    leave: () => port.postMessage({ leave: true }),
  };
}

/** A core of the page's own. */
function pageLink({ config, onEvent, socket }: LinkOptions): Link {
  const hub = new Hub(platformEnv(socket), config.store);
  const page = { hasTokenProvider: false, tell: onEvent };
  const member = hub.join({ ...config, deviceSuffix: tabName() }, page);
  return {
    call: (name, argument) => outcomeOf(member.call(name, argument) as Promise<never>),
    renew: (token) => void member.call('renew', token),
    leave: () => member.leave(),
  };
}

/** Tells tabs apart that cannot share a connection; empty outside a browser. */
function tabName(): string {
  if (typeof sessionStorage === 'undefined') return '';
  try {
    const known = sessionStorage.getItem('nuncio:tab');
    if (known !== null) return known;
    const made = randomId().slice(0, 8);
    sessionStorage.setItem('nuncio:tab', made);
    return made;
  } catch {
    return randomId().slice(0, 8); // Storage is forbidden.
  }
}
