import type { Message } from '@nuncio/chat';
import { describe, expect, it } from 'vitest';
import { mentionedBy, mentionsUser, typedMention } from '../src/mentions.js';

describe('a mention that is being typed', () => {
  it('begins with an @ that is not inside a word, and reaches to the cursor', () => {
    expect(typedMention('@', 1)).toEqual({ start: 0, query: '' });
    expect(typedMention('Hi @An', 6)).toEqual({ start: 3, query: 'An' });
    expect(typedMention('(@Ann Lee', 9)).toEqual({ start: 1, query: 'Ann Lee' });
    expect(typedMention('@Ann and @', 10)).toEqual({ start: 9, query: '' });
    expect(typedMention('@Ann', 2)).toEqual({ start: 0, query: 'A' });
    expect(typedMention('你好 @安', 5)).toEqual({ start: 3, query: '安' });
  });

  it('is none in an address, after a line break or a space, far away, or without an @', () => {
    for (const line of ['mail@example', 'ä@x', '@Ann\nhello', '@ Ann', 'nothing', `@${'x'.repeat(80)}`]) expect(typedMention(line, line.length), line).toBeUndefined();
  });
});

describe('whom a text mentions', () => {
  const chosen = [{ userId: 'ann', shown: '@Ann' }, { userId: 'ben', shown: '@Ben' }, { userId: 'ann', shown: '@Ann' }];

  it('are those chosen whose names still stand in it, each once', () => {
    expect(mentionedBy('Hi @Ann and @Ben', chosen)).toEqual({ type: 2, userIdList: ['ann', 'ben'] });
    expect(mentionedBy('Hi @Ben', chosen)).toEqual({ type: 2, userIdList: ['ben'] });
    expect(mentionedBy('Hi all', chosen)).toBeUndefined();
    expect(mentionedBy('@everyone and @Ann', [...chosen, { userId: '', shown: '@everyone' }])).toEqual({ type: 1 });
  });

  it('is read from contents of any shape', () => {
    const says = (mentionedInfo: unknown): boolean => mentionsUser({ content: { mentionedInfo } } as unknown as Message, 'ann');
    expect([says({ type: 2, userIdList: ['ann'] }), says({ type: 1 })]).toEqual([true, true]);
    for (const info of [undefined, null, 5, 'ann', [], { type: 2 }, { type: 2, userIdList: 'ann' }, { userIdList: ['ben'] }]) expect(says(info), JSON.stringify(info)).toBe(false);
    expect(mentionsUser({ content: null } as unknown as Message, 'ann')).toBe(false);
  });
});
