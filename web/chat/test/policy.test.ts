import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { connectUrl } from '../src/client.js';
import { DEFAULT_RECONNECT, pauseBefore } from '../src/core/backoff.js';
import { failureFromWire, failureOfClose, isTransient, planAfter } from '../src/core/failure.js';
import { FailureSchema } from '../src/gen/nuncio/v1/frame_pb.js';

describe('pauses between tries', () => {
  it('double up to the longest, and leave half to chance', () => {
    const longest = [0, 1, 2, 3].map((attempt) => pauseBefore(attempt, DEFAULT_RECONNECT, 0));
    expect(longest).toEqual([500, 1_000, 2_000, 4_000]);
    expect(pauseBefore(0, DEFAULT_RECONNECT, 1)).toBe(250);
    expect(pauseBefore(1_000, DEFAULT_RECONNECT, 0)).toBe(30_000);
  });
});

describe('what follows the end of a connection', () => {
  it.each([31004, 31008, 31009, 31010, 31011, 31029, 40001])('%i stops', (code) => {
    expect(planAfter({ code, message: '' })).toEqual({ next: 'stop' });
  });

  it('an expired token asks for a new one', () => {
    expect(planAfter({ code: 31020, message: '' })).toEqual({ next: 'newToken' });
  });

  it('a full server is given time, a draining one is met with a spread', () => {
    expect(planAfter({ code: 31024, message: '' })).toMatchObject({ next: 'retry', leastDelayMs: 5_000 });
    expect(planAfter({ code: 31024, message: '', retryAfterMs: 9_000 })).toMatchObject({ leastDelayMs: 9_000 });
    expect(planAfter({ code: 32054, message: '' })).toMatchObject({ next: 'retry', spreadMs: 2_000 });
  });

  it.each([30010, 30011, 30013, 31000, 1000])('%i is tried again', (code) => {
    expect(planAfter({ code, message: '' }).next).toBe('retry');
  });

  it.each([
    [4001, 32054], [4002, 31020], [4003, 31004], [4004, 31011], [4005, 31010], [4006, 31029],
    [4007, 31008], [4008, 40001], [4009, 31024], [1006, 30011],
  ])('close code %i means %i', (close, code) => {
    expect(failureOfClose(close, '').code).toBe(code);
  });
});

describe('refusals', () => {
  it('carry over what the server says', () => {
    const wire = create(FailureSchema, { code: 31009, name: 'BANNED', message: 'banned', until: 5n, reason: 'spam', keys: ['a'] });
    expect(failureFromWire(wire)).toEqual({ code: 31009, message: 'banned', until: 5, reason: 'spam', keys: ['a'] });
  });

  it('are worth another try only when nothing or something unknown was done', () => {
    expect([30003, 50301, 50302, 1050].every((code) => isTransient({ code, message: '' }))).toBe(true);
    expect([405, 407, 20604, 40321].some((code) => isTransient({ code, message: '' }))).toBe(false);
  });
});

describe('server addresses', () => {
  it.each([
    ['http://127.0.0.1:8080', 'ws://127.0.0.1:8080/connect'],
    ['https://im.example.com', 'wss://im.example.com/connect'],
    ['https://im.example.com/chat/', 'wss://im.example.com/chat/connect'],
    ['wss://im.example.com/connect', 'wss://im.example.com/connect'],
    ['ws://[::1]:80', 'ws://[::1]/connect'],
    ['im.example.com', 'wss://im.example.com/connect'],
  ])('%s', (given, url) => {
    expect(connectUrl(given)).toBe(url);
  });

  it.each(['', '  ', 'ftp://x', 'http://'])('%j is none', (given) => {
    expect(connectUrl(given)).toBeUndefined();
  });
});
