/**
 * Notifications of the browser for users who are away: `NCEngine.enablePush` and what belongs to it.
 *
 * @module
 */

import { client } from './client.js';
import { NCCode } from './codes.js';
import { PushProvider } from './gen/nuncio/v1/frame_pb.js';
import type { PushHandler } from './handlers.js';
import { ChannelIdentifier, channelKey, identifierOf } from './identifiers.js';
import { badArgument } from './not-available.js';
import type { PushedData } from './push-types.js';
import { OPENED_PARAMETER, PAGE_PARAMETER, pushedData } from './push-types.js';
import { NCResult } from './result.js';

/** How notifications are turned on. */
export interface EnablePushParams {
  /** Where the app serves `@nuncio/chat/push-worker`: on its own origin. `/push-worker.js` by default. */
  workerUrl?: string;
  /** The page that a click opens when none is open: an address under the worker's. Its folder by default. */
  pageUrl?: string;
  /** In which language notifications are, such as `de`; the browser's by default. */
  language?: string;
}

/** How notifications stand: the browser has none, the user forbade them, or they are off or on for this browser. */
export type PushState = 'unsupported' | 'denied' | 'off' | 'on';

/** Whether this browser can show notifications of a page that is closed, on this origin. */
function supported(): boolean {
  return typeof navigator !== 'undefined' && 'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis;
}

function unsupported<T>(): NCResult<T> {
  return NCResult.fail(NCCode.NOT_AVAILABLE, 'this browser has no push here; it needs HTTPS, and on some phones the page on the home screen');
}

/** See `NCEngine.enablePush`. */
export async function enablePush(params: EnablePushParams): Promise<NCResult> {
  const { workerUrl = '/push-worker.js', pageUrl, language } = params;
  if (!supported()) return unsupported();
  const info = await pushInfo();
  if (!info.isOk || info.data === undefined) return info.wipe();
  const { vapidPublicKey } = info.data;
  if (vapidPublicKey === '') return NCResult.fail(NCCode.NOT_AVAILABLE, 'the app has no credentials for Web Push; its operator sets them in the console');
  if ((await Notification.requestPermission()) !== 'granted') return NCResult.fail(NCCode.NOT_AVAILABLE, 'the user does not allow notifications');
  try {
    const address = new URL(workerUrl, location.href);
    if (pageUrl !== undefined) address.searchParams.set(PAGE_PARAMETER, new URL(pageUrl, location.href).href);
    await navigator.serviceWorker.register(address);
    const { pushManager } = await navigator.serviceWorker.ready;
    const subscription = await subscribe(pushManager, vapidPublicKey);
    const key = (name: PushEncryptionKeyName): string => base64Url(new Uint8Array(subscription.getKey(name) ?? new ArrayBuffer(0)));
    const value = {
      provider: PushProvider.WEB,
      token: subscription.endpoint,
      p256dh: key('p256dh'),
      auth: key('auth'),
      language: language ?? navigator.language,
    };
    return (await client.request({ case: 'registerPush', value })).wipe();
  } catch (error) {
    return badArgument(`the browser could not subscribe: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** See `NCEngine.disablePush`. */
export async function disablePush(): Promise<NCResult> {
  const answer = await client.request({ case: 'unregisterPush', value: {} });
  if (answer.isOk && supported()) {
    const registration = await navigator.serviceWorker.getRegistration();
    const subscription = await registration?.pushManager.getSubscription();
    await subscription?.unsubscribe();
  }
  return answer.wipe();
}

/** See `NCEngine.getPushState`. */
export async function pushState(): Promise<NCResult<PushState>> {
  if (!supported()) return NCResult.ok<PushState>('unsupported');
  if (Notification.permission === 'denied') return NCResult.ok<PushState>('denied');
  const info = await pushInfo();
  if (!info.isOk) return info.wipe();
  return NCResult.ok<PushState>(info.data?.registered === PushProvider.WEB ? 'on' : 'off');
}

async function pushInfo(): Promise<NCResult<{ vapidPublicKey: string; registered: PushProvider }>> {
  const answer = await client.request({ case: 'getPushInfo', value: {} });
  if (!answer.isOk) return answer.wipe();
  if (answer.data?.case !== 'pushInfo') return NCResult.fail(NCCode.BAD_FRAME, 'the server did not answer as agreed');
  return NCResult.ok(answer.data.value);
}

/** The browser's subscription under the app's present key. */
async function subscribe(manager: PushManager, vapidPublicKey: string): Promise<PushSubscription> {
  const known = await manager.getSubscription();
  const key = known?.options.applicationServerKey;
  if (known !== null && key && base64Url(new Uint8Array(key)) === vapidPublicKey) return known;
  // It was made for another key, which nobody has any more.
  await known?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: vapidPublicKey });
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

let listening = false;
/** A notification that was opened before anybody listened. */
let early: PushedData | undefined;

/** Adds a handler, and begins to hear from the service worker. */
export function addPushHandler(id: string, handler: PushHandler): void {
  client.handlers.push.set(id, handler);
  listen();
  const opened = early;
  early = undefined;
  // After the caller's own work, so that a page can get itself ready.
  if (opened !== undefined) queueMicrotask(() => tell(opened));
}

function listen(): void {
  if (listening || typeof navigator === 'undefined' || !('serviceWorker' in navigator)) return;
  listening = true;
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<{ nuncioPushOpened?: unknown } | null>) => {
    const opened = pushedData(data?.nuncioPushOpened);
    if (opened !== undefined) tell(opened);
  });
  navigator.serviceWorker.startMessages();
  early = openedByAddress();
}

/** What a page's own address says of the notification that opened it; the address is made clean. */
function openedByAddress(): PushedData | undefined {
  const address = new URL(location.href);
  const text = address.searchParams.get(OPENED_PARAMETER);
  if (text === null) return undefined;
  address.searchParams.delete(OPENED_PARAMETER);
  history.replaceState(history.state, '', address);
  try {
    return pushedData(JSON.parse(text));
  } catch {
    return undefined; // Somebody made it up.
  }
}

function tell({ channelType, channelId, messageId, senderId = '', pushData = '' }: PushedData): void {
  const channelIdentifier = identifierOf(channelKey(new ChannelIdentifier(channelType, channelId)));
  for (const handler of client.handlers.push.values()) {
    client.protect('onNotificationOpened', () => handler.callbacks.onNotificationOpened?.({ channelIdentifier, messageId, senderId, pushData }));
  }
}
