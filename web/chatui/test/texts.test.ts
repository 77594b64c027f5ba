import { afterEach, describe, expect, it } from 'vitest';
import { english } from '../src/texts-en.js';
import { chinese } from '../src/texts-zh.js';
import { direction, getLanguage, refusalText, registerTexts, setLanguage, text } from '../src/texts.js';

afterEach(() => setLanguage(undefined));

describe('texts', () => {
  it('say the user overview\'s sentence to who has been blocked', () => {
    expect(refusalText(405)).toBe('Your message has been sent but was rejected by the recipient.');
  });

  it('have a line of their own for each refusal, and the code for others', () => {
    const codes = Object.keys(english).filter((key) => /^refused\.\d+$/.test(key)).map((key) => Number(key.slice(8)));
    for (const code of [405, 407, 40321, 40322, 31009, 31011, 20604, 20607, 30016, 20115, 20113, 40401, 41001]) {
      expect(codes).toContain(code);
    }
    expect(refusalText(12345)).toContain('12345');
  });

  it('are the same lines with the same gaps in English and Chinese', () => {
    const gaps = (line: string): string[] => [...line.matchAll(/\{\d\}/g)].map(([gap]) => gap).sort();
    for (const [key, line] of Object.entries(english)) {
      const other = chinese[key as keyof typeof english];
      expect(other, key).toBeTruthy();
      expect(gaps(other), key).toEqual(gaps(line));
    }
  });

  it('of another language stand beside English for what it lacks', () => {
    registerTexts('ar', { chats: 'المحادثات' }, 'rtl');
    setLanguage('ar');
    expect([getLanguage(), direction(), text('chats'), text('friends')]).toEqual(['ar', 'rtl', 'المحادثات', 'Friends']);
    setLanguage('xx');
    expect(getLanguage()).toBe('en');
  });
});
