import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageRecord } from '../src/core/api.js';
import { openIndexedDb } from '../src/core/idb-store.js';
import { MemoryStore } from '../src/core/memory-store.js';
import type { Store } from '../src/core/store.js';

function message(key: string, sentAt: number, channel = '1:bob'): MessageRecord {
  return {
    key, channel, sentAt, messageId: key, clientMessageId: '', clientId: sentAt, senderId: 'bob', type: 'RC:TxtMsg',
    content: '{}', receivedAt: 0, mine: false, status: 40, counted: true, needsReceipt: false, transient: false, editedAt: 0,
  };
}

const stores: [string, () => Promise<Store>][] = [
  ['memory', async () => new MemoryStore()],
  ['IndexedDB', () => openIndexedDb('test')],
];

describe.each(stores)('the %s store', (_name, open) => {
  let store: Store;

  beforeEach(async () => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    vi.stubGlobal('IDBKeyRange', IDBKeyRange);
    store = await open();
  });

  it('keeps what a transaction wrote, and sees its own writes', async () => {
    await store.transact('readwrite', async (tx) => {
      tx.put('meta', { key: 'cursor', value: 7 });
      expect((await tx.get('meta', 'cursor'))?.value).toBe(7);
      tx.delete('meta', 'cursor');
      expect(await tx.get('meta', 'cursor')).toBeUndefined();
      tx.put('meta', { key: 'cursor', value: 8 });
    });
    expect((await store.transact('readonly', (tx) => tx.get('meta', 'cursor')))?.value).toBe(8);
  });

  it('leaves nothing behind of a transaction that fails', async () => {
    const failing = store.transact('readwrite', async (tx) => {
      tx.put('messages', message('m1', 1));
      tx.put('meta', { key: 'cursor', value: 1 });
      await tx.get('meta', 'cursor');
      throw new Error('in the middle');
    });
    await expect(failing).rejects.toThrow('in the middle');
    expect(await store.transact('readonly', (tx) => tx.all('messages'))).toEqual([]);
    expect(await store.transact('readonly', (tx) => tx.get('meta', 'cursor'))).toBeUndefined();
  });

  it('runs transactions one after the other', async () => {
    const add = (): Promise<void> =>
      store.transact('readwrite', async (tx) => {
        const count = ((await tx.get('meta', 'n'))?.value as number | undefined) ?? 0;
        tx.put('meta', { key: 'n', value: count + 1 });
      });
    await Promise.all(Array.from({ length: 20 }, add));
    expect((await store.transact('readonly', (tx) => tx.get('meta', 'n')))?.value).toBe(20);
  });

  it('finds stretches of one channel’s messages by time, then key', async () => {
    await store.transact('readwrite', async (tx) => {
      for (const key of ['d', 'b', 'a', 'c']) tx.put('messages', message(key, key < 'c' ? 10 : 20));
      tx.put('messages', message('x', 15, '1:bobby'));
      tx.put('messages', message('e', 30));
    });
    const find = (stretch: object): Promise<string[]> =>
      store.transact('readonly', async (tx) => {
        const found = await tx.messages({ channel: '1:bob', ascending: false, limit: 10, ...stretch });
        return found.map((one) => one.key);
      });
    expect(await find({})).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(await find({ ascending: true, limit: 2 })).toEqual(['a', 'b']);
    expect(await find({ before: { sentAt: 20, key: 'd' } })).toEqual(['c', 'b', 'a']);
    expect(await find({ before: { sentAt: 20, key: '' } })).toEqual(['b', 'a']);
    expect(await find({ ascending: true, after: { sentAt: 10, key: 'a' } })).toEqual(['b', 'c', 'd', 'e']);
    expect(await find({ after: { sentAt: 10, key: 'b' }, before: { sentAt: 30, key: 'e' } })).toEqual(['d', 'c']);
  });

  it('hands out copies', async () => {
    const record = message('m1', 1);
    await store.transact('readwrite', async (tx) => tx.put('messages', record));
    record.content = 'changed';
    const first = await store.transact('readonly', (tx) => tx.get('messages', 'm1'));
    first!.content = 'changed';
    expect((await store.transact('readonly', (tx) => tx.get('messages', 'm1')))?.content).toBe('{}');
  });
});

describe('the memory store', () => {
  it('keeps a bounded number of messages for each channel, the newest', async () => {
    const store = new MemoryStore();
    for (let start = 0; start < 3_000; start += 500) {
      await store.transact('readwrite', async (tx) => {
        for (let n = start; n < start + 500; n++) tx.put('messages', message(`m${n}`, n));
      });
    }
    const kept = await store.transact('readonly', (tx) => tx.all('messages'));
    expect(kept.length).toBeLessThanOrEqual(1_100);
    expect(kept.some((one) => one.key === 'm2999')).toBe(true);
  });
});
