import { describe, expect, it } from 'vitest';
import { Inbox } from '../src/core/inbox.js';

const seqs = (inbox: Inbox<{ seq: number }>): number[] => inbox.take().map((step) => step.seq);

describe('the inbox', () => {
  it('gives steps once and in order, however they arrive', () => {
    const inbox = new Inbox(4);
    for (const seq of [6, 5, 5, 4, 3]) inbox.offer({ seq });
    expect(seqs(inbox)).toEqual([5, 6]);
    inbox.advance(6);
    expect(seqs(inbox)).toEqual([]);
    inbox.offer({ seq: 6 });
    expect(seqs(inbox)).toEqual([]);
  });

  it('is behind only when a step is missing that nobody holds', () => {
    const inbox = new Inbox(0);
    expect(inbox.isBehind).toBe(false);
    inbox.offer({ seq: 3 });
    expect(inbox.isBehind).toBe(true);
    expect(seqs(inbox)).toEqual([]);
    inbox.offer({ seq: 1 });
    expect(inbox.isBehind).toBe(false);
    inbox.advance(1);
    expect(inbox.isBehind).toBe(true);
    inbox.offer({ seq: 2 });
    expect(seqs(inbox)).toEqual([2, 3]);
    inbox.advance(3);
    expect(inbox.isBehind).toBe(false);
  });

  it('hears of missing steps from the heartbeat', () => {
    const inbox = new Inbox(7);
    inbox.hear(7);
    expect(inbox.isBehind).toBe(false);
    inbox.hear(9);
    expect(inbox.isBehind).toBe(true);
  });

  it('holds a bounded number of steps ahead of a gap', () => {
    const inbox = new Inbox(0);
    for (let seq = 2; seq < 5_000; seq++) inbox.offer({ seq });
    inbox.offer({ seq: 1 });
    expect(seqs(inbox).length).toBeLessThanOrEqual(1_001);
    inbox.advance(1_001);
    expect(inbox.isBehind).toBe(true);
  });

  it.each([...Array(50).keys()])('shuffled and doubled steps come out as 1..n (%i)', (seed) => {
    let state = seed + 1;
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
    const steps = Array.from({ length: 60 }, (_, index) => index + 1).flatMap((seq) => [seq, seq]);
    steps.sort(() => random() - 0.5);
    const inbox = new Inbox(0);
    const out: number[] = [];
    for (const seq of steps) {
      inbox.offer({ seq });
      const run = seqs(inbox);
      out.push(...run);
      inbox.advance(run[run.length - 1] ?? inbox.cursor);
    }
    expect(out).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  });
});
