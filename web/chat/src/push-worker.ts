/**
 * The service worker that shows notifications and, when one is clicked, brings the app to the conversation.
 *
 * It stands alone: serve `dist/push-worker.js` from the app's own origin, beside the page or above it, and hand its
 * address to `NCEngine.enablePush`.
 *
 * @module
 */

import type { OpenedNote } from './push-types.js';
import { OPENED_PARAMETER, PAGE_PARAMETER, pushedData } from './push-types.js';

interface PushEvent extends Event {
  data: { json(): unknown } | null;
  waitUntil(work: Promise<unknown>): void;
}
interface ClickEvent extends Event {
  notification: Notification & { data: unknown };
  waitUntil(work: Promise<unknown>): void;
}
interface Page {
  url: string;
  focused: boolean;
  visibilityState: string;
  postMessage(note: OpenedNote): void;
  focus(): Promise<unknown>;
}
interface Scope {
  registration: { scope: string; showNotification(title: string, options: NotificationOptions & { renotify?: boolean }): Promise<void> };
  location: { href: string };
  navigator: { setAppBadge?(count: number): Promise<void> };
  clients: { matchAll(options: { type: 'window'; includeUncontrolled: true }): Promise<Page[]>; openWindow(url: string): Promise<unknown>; claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: 'push', listener: (event: PushEvent) => void): void;
  addEventListener(name: 'notificationclick', listener: (event: ClickEvent) => void): void;
  addEventListener(name: 'install' | 'activate', listener: (event: PushEvent) => void): void;
}
const scope = globalThis as unknown as Scope;

scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener('push', (event) => event.waitUntil(show(event.data)));
scope.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});

/** Shows a notification. Browsers want one for each push, so one that cannot be read is shown without its words. */
async function show(data: PushEvent['data']): Promise<void> {
  let note: Record<string, unknown> = {};
  try {
    note = (data?.json() ?? {}) as Record<string, unknown>;
  } catch {
    // Not the server's: shown as a bare notice.
  }
  const { title, body, icon, tag, badge, silent } = note;
  const shownTag = typeof tag === 'string' && tag !== '' ? { tag, renotify: silent !== true } : {};
  await scope.registration.showNotification(typeof title === 'string' && title !== '' ? title : '•', {
    ...(typeof body === 'string' ? { body } : {}),
    ...(typeof icon === 'string' && /^https?:/.test(icon) ? { icon } : {}),
    ...shownTag,
    silent: silent === true,
    data: pushedData(note['data']),
  });
  if (typeof badge === 'number') await scope.navigator.setAppBadge?.(badge).catch(() => undefined);
}

/** Tells a page that is open; else opens one, whose address tells it. */
async function open(value: unknown): Promise<void> {
  const pushed = pushedData(value);
  const at = new URL(scope.location.href).searchParams.get(PAGE_PARAMETER) ?? '';
  const address = new URL(at, scope.registration.scope);
  const pages = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const ours = pages.filter((page) => new URL(page.url).pathname === address.pathname);
  const page = ours.find((one) => one.focused) ?? ours.find((one) => one.visibilityState === 'visible') ?? ours[0];
  if (page !== undefined) {
    if (pushed !== undefined) page.postMessage({ nuncioPushOpened: pushed });
    // A browser may not let it come to the front; the conversation is open all the same.
    await page.focus().catch(() => undefined);
    return;
  }
  if (pushed !== undefined) address.searchParams.set(OPENED_PARAMETER, JSON.stringify(pushed));
  await scope.clients.openWindow(address.href).catch(() => undefined);
}
