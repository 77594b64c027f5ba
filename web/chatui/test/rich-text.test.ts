import { describe, expect, it } from 'vitest';
import { safeUrl, textParts } from '../src/rich-text.js';

const links = (line: string): (string | undefined)[] => textParts(line).map((part) => part.href).filter((href) => href !== undefined);

describe('links', () => {
  it('lead to the web and to mailboxes, and leave the sentence\'s end out', () => {
    expect(links('See https://example.com/a?b=c, (www.example.org) or write to me@example.net.')).toEqual([
      'https://example.com/a?b=c',
      'https://www.example.org/',
      'mailto:me@example.net',
    ]);
  });

  it('never run anything', () => {
    for (const line of ['javascript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'file:///etc/passwd', 'vbscript:x']) {
      expect(links(line)).toEqual([]);
      expect(safeUrl(line)).toBeUndefined();
    }
  });

  it('keep every character of the text', () => {
    for (const line of ['', 'plain', 'a https://x.y b', 'https://x.y', '<b>www.x.y</b>!', '見 https://x.y。']) {
      expect(textParts(line).map((part) => part.text).join('')).toBe(line);
    }
  });

  it('are found in a long text in no time', () => {
    const line = 'a@'.repeat(20_000) + 'www.'.repeat(10_000);
    expect(textParts(line).map((part) => part.text).join('')).toBe(line);
  });
});
