/**
 * Times as people read them, in the language in force.
 *
 * @module
 */

import { getLanguage, text } from './texts.js';

const DAY = 86_400_000;

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

/** Whether two times are on one day. */
export function sameDay(one: number, other: number): boolean {
  return startOfDay(one) === startOfDay(other);
}

/** The time of day, such as 14:05. */
export function clock(time: number): string {
  return new Intl.DateTimeFormat(getLanguage(), { hour: 'numeric', minute: '2-digit' }).format(time);
}

/** The day: today, yesterday, a weekday of the last week, or a date. */
export function day(time: number, now: number = Date.now()): string {
  const days = Math.round((startOfDay(now) - startOfDay(time)) / DAY);
  if (days === 0) return text('day.today');
  if (days === 1) return text('day.yesterday');
  const recent = days > 1 && days < 7;
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(
    getLanguage(),
    recent ? { weekday: 'long' } : { day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) },
  ).format(time);
}

/** A time for a list's row: the time of day today, else the day in short. */
export function brief(time: number, now: number = Date.now()): string {
  if (sameDay(time, now)) return clock(time);
  const days = Math.round((startOfDay(now) - startOfDay(time)) / DAY);
  if (days === 1) return text('day.yesterday');
  return new Intl.DateTimeFormat(getLanguage(), days < 7 ? { weekday: 'short' } : { day: 'numeric', month: 'numeric', year: '2-digit' }).format(time);
}

/** A moment, date and time of day. */
export function moment(time: number): string {
  return new Intl.DateTimeFormat(getLanguage(), { dateStyle: 'medium', timeStyle: 'short' }).format(time);
}
