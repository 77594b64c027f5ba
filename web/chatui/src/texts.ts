/**
 * What the components say, by language.
 *
 * English and Chinese are built in; {@link registerTexts} adds a language or changes single lines. The language is the
 * one set by {@link setLanguage}, else the page's `<html lang>`, else English.
 *
 * @module
 */

import { english } from './texts-en.js';
import { chinese } from './texts-zh.js';

/** The name of a line of text. */
export type TextKey = keyof typeof english;

/** A language's lines; `{0}` and `{1}` stand for what is filled in. A line left out is shown in English. */
export type Texts = Partial<Record<TextKey, string>>;

interface Language {
  texts: Texts;
  direction: 'ltr' | 'rtl';
}

const languages = new Map<string, Language>([
  ['en', { texts: english, direction: 'ltr' }],
  ['zh', { texts: chinese, direction: 'ltr' }],
]);
let chosen: string | undefined;

/** Told when the language or a text has changed. */
export const textsChanged = new EventTarget();

/**
 * Adds a language, or changes lines of one that is there.
 *
 * @param language its tag, such as `ar` or `pt-BR`
 */
export function registerTexts(language: string, texts: Texts, direction: 'ltr' | 'rtl' = languages.get(language)?.direction ?? 'ltr'): void {
  languages.set(language, { texts: { ...languages.get(language)?.texts, ...texts }, direction });
  textsChanged.dispatchEvent(new Event('change'));
}

/** Chooses the language; `undefined` follows the page again. One that is not registered is shown in English. */
export function setLanguage(language: string | undefined): void {
  chosen = language;
  textsChanged.dispatchEvent(new Event('change'));
}

/** The language in force, such as `en`. */
export function getLanguage(): string {
  const wanted = chosen ?? globalThis.document?.documentElement.lang ?? '';
  return [wanted, wanted.split('-')[0] ?? ''].find((tag) => languages.has(tag)) ?? 'en';
}

/** The languages that are there. */
export function getLanguages(): string[] {
  return [...languages.keys()];
}

/** The direction in which the language in force is written. */
export function direction(): 'ltr' | 'rtl' {
  return languages.get(getLanguage())?.direction ?? 'ltr';
}

/** A line of text with what is to be filled in. */
export function text(key: TextKey, ...values: (string | number)[]): string {
  const line = languages.get(getLanguage())?.texts[key] ?? english[key];
  return line.replace(/\{(\d)\}/g, (hole, index: string) => String(values[Number(index)] ?? hole));
}

/** How many members a group has, in words. */
export function memberCount(count: number): string {
  return count === 1 ? text('group.member') : text('group.members', count);
}

/** Why a message was not accepted, in words, by the code of the refusal. */
export function refusalText(code: number): string {
  const key = `refused.${code}`;
  return key in english ? text(key as TextKey) : text('refused.other', code);
}
