import type { MessageRecord } from './api.js';
import type { Place, Store, TableName, Tables, Tx } from './store.js';
import { KEY_OF, TABLE_NAMES } from './store.js';

const VERSION = 1;
const BY_PLACE = 'byPlace';

/** Opens the user's database on this device. Fails where the browser gives none, as some private windows do. */
export async function openIndexedDb(name: string): Promise<Store> {
  const opening = indexedDB.open(name, VERSION);
  opening.onupgradeneeded = () => {
    const db = opening.result;
    for (const table of TABLE_NAMES) {
      const objects = db.createObjectStore(table, { keyPath: KEY_OF[table] });
      if (table === 'messages') objects.createIndex(BY_PLACE, ['channel', 'sentAt', 'key']);
    }
  };
  return new IdbStore(await answered(opening));
}

class IdbStore implements Store {
  constructor(private db: IDBDatabase) {
    // Another tab wants a newer version: make room, this page goes on without its store until it is reloaded.
    db.onversionchange = () => db.close();
  }

  async transact<R>(mode: 'readonly' | 'readwrite', work: (tx: Tx) => Promise<R>): Promise<R> {
    const transaction = this.db.transaction([...TABLE_NAMES], mode, { durability: 'relaxed' });
    const committed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the device could not store it'));
    });
    try {
      const result = await work(new IdbTx(transaction));
      await committed;
      return result;
    } catch (error) {
      committed.catch(() => undefined);
      try {
        transaction.abort();
      } catch {
        // It has ended by itself already.
      }
      throw error;
    }
  }

  close(): void {
    this.db.close();
  }
}

class IdbTx implements Tx {
  constructor(private transaction: IDBTransaction) {}

  get<T extends TableName>(table: T, key: string): Promise<Tables[T] | undefined> {
    return answered(this.transaction.objectStore(table).get(key)) as Promise<Tables[T] | undefined>;
  }

  all<T extends TableName>(table: T): Promise<Tables[T][]> {
    return answered(this.transaction.objectStore(table).getAll()) as Promise<Tables[T][]>;
  }

  messages(stretch: Parameters<Tx['messages']>[0]): Promise<MessageRecord[]> {
    const { channel, after, before, ascending, limit } = stretch;
    const bound = (place: Place): [string, number, string] => [channel, place.sentAt, place.key];
    const lower = after ? bound(after) : [channel];
    const upper = before ? bound(before) : [channel, Infinity];
    const range = IDBKeyRange.bound(lower, upper, after !== undefined, before !== undefined);
    const request = this.transaction
      .objectStore('messages')
      .index(BY_PLACE)
      .openCursor(range, ascending ? 'next' : 'prev');
    return new Promise((resolve, reject) => {
      const found: MessageRecord[] = [];
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor === null || found.length >= limit) return resolve(found);
        found.push(cursor.value as MessageRecord);
        cursor.continue();
      };
    });
  }

  put<T extends TableName>(table: T, record: Tables[T]): void {
    this.transaction.objectStore(table).put(record);
  }

  delete(table: TableName, key: string): void {
    this.transaction.objectStore(table).delete(key);
  }
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
