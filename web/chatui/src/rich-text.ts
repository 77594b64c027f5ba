/**
 * Text of users, with the links in it.
 *
 * @module
 */

/** A piece of a text: plain, or a link. */
export interface TextPart {
  /** What is shown. */
  text: string;
  /** Where it leads; only `http:`, `https:` and `mailto:`. */
  href?: string;
}

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"'`]{1,2000}|\b[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}\b/gi;
/** What ends a sentence rather than a link. */
const TRAILING = /[.,;:!?)\]}»”。，；：！？）】]+$/;

/** Takes a text apart at its links. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = match[0].replace(TRAILING, '');
    const href = address(shown);
    if (href === undefined) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

function address(shown: string): string | undefined {
  if (shown.includes('@') && !/^(https?:|www\.)/i.test(shown)) return `mailto:${shown}`;
  return safeUrl(/^www\./i.test(shown) ? `https://${shown}` : shown);
}

/** The address when a page may lead there or load a picture from it: `http:` or `https:`; else `undefined`. */
export function safeUrl(address: string | undefined): string | undefined {
  if (!address) return undefined;
  try {
    const url = new URL(address);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}
