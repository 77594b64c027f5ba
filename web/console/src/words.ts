/**
 * Words for what the API names.
 *
 * @module
 */

import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { Edition, Environment, GroupRole, Role, UserStatus } from './api.js';

export const environments: Record<Environment, string> = { development: 'Development', production: 'Production' };
export const editions: Record<Edition, string> = { free: 'Free', flagship: 'Flagship', premium: 'Premium' };
export const roles: Record<Role, string> = { owner: 'Owner', developer: 'Developer', support: 'Support', viewer: 'Viewer' };
export const groupRoles: Record<GroupRole, string> = { owner: 'Owner', admin: 'Admin', member: 'Member' };
export const statuses: Record<UserStatus, string> = { active: 'Active', banned: 'Banned', muted: 'Muted', softDeleted: 'Soft-deleted' };
export const permissions: Record<1 | 2 | 3, string> = { 1: 'Anyone', 2: 'With their consent', 3: 'Nobody' };

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const numbers = new Intl.NumberFormat();

/** A time, of which the exact one is told where the pointer rests. */
export function time(at: number): TemplateResult {
  const date = new Date(at);
  return html`<time datetime=${date.toISOString()} title=${date.toISOString()}>${moment.format(date)}</time>`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayAndHour = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** A time among others that lie `stepMs` apart. */
export function plainTime(at: number, stepMs: number, short = false): string {
  if (stepMs < 60_000) return seconds.format(at);
  if (stepMs < 3_600_000) return clock.format(at);
  return (short ? day : dayAndHour).format(at);
}

export const number = (count: number): string => numbers.format(count);

/** How large a file is. */
export function size(bytes: number): string {
  const units = ['bytes', 'KB', 'MB'] as const;
  const at = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  return `${numbers.format(Number((bytes / 1000 ** at).toFixed(at === 0 ? 0 : 1)))} ${units[at]}`;
}

/** A count with its noun. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;

/** How many users an app may have. */
export const limitText = (limit: number | null): string => (limit === null ? 'as many users as there are' : `at most ${counted(limit, 'user')}`);
