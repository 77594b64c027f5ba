/**
 * Addresses: each page has one, behind `#`, that can be kept as a bookmark.
 *
 * @module
 */

import type { Span, UserStatus } from './api.js';

export type StatusFilter = Exclude<UserStatus, 'active'>;

/** Which entries of the audit trail are shown; times as fields of forms have them. */
export interface AuditFilter {
  userId?: string;
  operator?: string;
  action?: string;
  from?: string;
  to?: string;
}

const AUDIT_FILTER = ['userId', 'operator', 'action', 'from', 'to'] as const;

export type Route =
  | { page: 'link'; token: string }
  | { page: 'apps' }
  | { page: 'app'; appKey: string; span?: Span }
  | { page: 'settings'; appKey: string }
  | { page: 'explorer'; appKey: string; path?: string }
  | { page: 'imports'; appKey: string }
  | { page: 'webhooks'; appKey: string; webhookId?: string }
  | { page: 'push'; appKey: string }
  | { page: 'users'; appKey: string; query?: string; status?: StatusFilter }
  | { page: 'user'; appKey: string; userId: string }
  | { page: 'groups'; appKey: string; query?: string }
  | { page: 'group'; appKey: string; groupId: string }
  | ({ page: 'audit'; appKey?: string } & AuditFilter)
  | { page: 'operators' }
  | { page: 'account' }
  | { page: 'missing' };

const SPANS: readonly string[] = ['live', 'hour', 'day', 'month'] satisfies Span[];
const STATUSES: readonly string[] = ['banned', 'muted', 'softDeleted'] satisfies StatusFilter[];

/** The page that an address stands for. */
export function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split(/\?(.*)/s);
  let parts: string[];
  try {
    parts = path.split('/').map(decodeURIComponent);
  } catch {
    return { page: 'missing' };
  }
  const query = new URLSearchParams(search);
  const given = <K extends string>(name: K, value = query.get(name)): { [key in K]?: string } =>
    (value === null || value === '' ? {} : { [name]: value }) as { [key in K]?: string };
  const [first, second, third, fourth] = parts;
  const filter: AuditFilter = Object.assign({}, ...AUDIT_FILTER.map((name) => given(name)));
  if (first === '' || (first === 'apps' && second === undefined)) return { page: 'apps' };
  if (first === 'link' && second) return { page: 'link', token: second };
  if (first === 'operators' || first === 'account') return { page: first };
  if (first === 'audit') return { page: 'audit', ...filter };
  if (first !== 'apps' || !second) return { page: 'missing' };
  const appKey = second;
  const span = query.get('span') ?? '';
  if (third === undefined) return { page: 'app', appKey, ...(SPANS.includes(span) ? { span: span as Span } : {}) };
  if (third === 'imports') return { page: 'imports', appKey };
  if (third === 'explorer') return { page: 'explorer', appKey, ...given('path') };
  if (third === 'push') return { page: 'push', appKey };
  if (third === 'settings') return { page: 'settings', appKey };
  if (third === 'webhooks') return { page: 'webhooks', appKey, ...given('webhookId', fourth ?? null) };
  if (third === 'audit') return { page: 'audit', appKey, ...filter };
  if (third === 'groups') return fourth ? { page: 'group', appKey, groupId: fourth } : { page: 'groups', appKey, ...given('query') };
  if (third !== 'users') return { page: 'missing' };
  if (fourth) return { page: 'user', appKey, userId: fourth };
  const status = query.get('status') ?? '';
  return { page: 'users', appKey, ...given('query'), ...(STATUSES.includes(status) ? { status: status as StatusFilter } : {}) };
}

/** The address of a page. */
export function address(route: Route): string {
  const { page, ...rest } = route;
  const named: Record<string, string | undefined> = rest;
  const app = 'appKey' in route && route.appKey !== undefined ? `apps/${encodeURIComponent(route.appKey)}` : '';
  const search = new URLSearchParams();
  const to = (path: string, ...names: string[]): string => {
    for (const name of names) if (named[name]) search.set(name, named[name]);
    return `#/${path}${search.size > 0 ? `?${search}` : ''}`;
  };
  switch (page) {
    case 'app':
      return to(app, 'span');
    case 'imports':
      return to(`${app}/imports`);
    case 'explorer':
      return to(`${app}/explorer`, 'path');
    case 'settings':
      return to(`${app}/settings`);
    case 'push':
      return to(`${app}/push`);
    case 'webhooks':
      return to(`${app}/webhooks${named['webhookId'] ? `/${encodeURIComponent(named['webhookId'])}` : ''}`);
    case 'users':
      return to(`${app}/users`, 'query', 'status');
    case 'user':
      return to(`${app}/users/${encodeURIComponent(named['userId'] ?? '')}`);
    case 'groups':
      return to(`${app}/groups`, 'query');
    case 'group':
      return to(`${app}/groups/${encodeURIComponent(named['groupId'] ?? '')}`);
    case 'audit':
      return to(app === '' ? 'audit' : `${app}/audit`, ...AUDIT_FILTER);
    case 'link':
      return to(`link/${encodeURIComponent(named['token'] ?? '')}`);
    case 'missing':
      return to('apps');
    default:
      return to(page);
  }
}

/** Goes to a page; `replace` leaves no way back to the address before. */
export function go(route: Route, replace = false): void {
  if (replace) location.replace(address(route));
  else location.hash = address(route);
}
