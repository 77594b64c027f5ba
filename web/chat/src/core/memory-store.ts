import type { MessageRecord } from './api.js';
import type { Store, TableName, Tables, Tx } from './store.js';
import { comparePlaces, KEY_OF, TABLE_NAMES } from './store.js';

/** Messages kept for each channel; the oldest go first. The server has them all. */
const MESSAGES_PER_CHANNEL = 1_000;

type AnyTable = Map<string, Tables[TableName]>;

/** A store that lasts as long as the process, for Node and for pages without IndexedDB. */
export class MemoryStore implements Store {
  private tables = new Map<TableName, AnyTable>(TABLE_NAMES.map((name) => [name, new Map()]));
  private perChannel = new Map<string, number>();
  private last: Promise<unknown> = Promise.resolve();

  /** One after the other; a work that fails leaves nothing behind. */
  transact<R>(_mode: 'readonly' | 'readwrite', work: (tx: Tx) => Promise<R>): Promise<R> {
    const run = this.last.then(async () => {
      const tx = new MemoryTx(this.tables);
      const result = await work(tx);
      for (const [table, changes] of tx.changes) {
        for (const [key, record] of changes) this.write(table, key, record);
      }
      return result;
    });
    this.last = run.catch(() => undefined);
    return run;
  }

  close(): void {
    // Nothing is held open.
  }

  private write(table: TableName, key: string, record: Tables[TableName] | undefined): void {
    const rows = this.tables.get(table) as AnyTable;
    const old = rows.get(key);
    if (record === undefined) rows.delete(key);
    else rows.set(key, record);
    if (table === 'messages' && (old === undefined) !== (record === undefined)) {
      const { channel } = (record ?? old) as MessageRecord;
      const count = (this.perChannel.get(channel) ?? 0) + (record === undefined ? -1 : 1);
      this.perChannel.set(channel, count);
      if (count > MESSAGES_PER_CHANNEL * 1.1) this.trim(rows as Map<string, MessageRecord>, channel);
    }
  }

  private trim(rows: Map<string, MessageRecord>, channel: string): void {
    const mine = [...rows.values()].filter((m) => m.channel === channel).sort(comparePlaces);
    for (const gone of mine.slice(0, mine.length - MESSAGES_PER_CHANNEL)) rows.delete(gone.key);
    this.perChannel.set(channel, Math.min(mine.length, MESSAGES_PER_CHANNEL));
  }
}

class MemoryTx implements Tx {
  readonly changes = new Map<TableName, Map<string, Tables[TableName] | undefined>>();

  constructor(private tables: ReadonlyMap<TableName, AnyTable>) {}

  get<T extends TableName>(table: T, key: string): Promise<Tables[T] | undefined> {
    const changed = this.changes.get(table);
    const record = changed?.has(key) ? changed.get(key) : this.tables.get(table)?.get(key);
    return Promise.resolve(structuredClone(record as Tables[T] | undefined));
  }

  all<T extends TableName>(table: T): Promise<Tables[T][]> {
    return Promise.resolve(structuredClone(this.rows(table)));
  }

  messages(stretch: Parameters<Tx['messages']>[0]): Promise<MessageRecord[]> {
    const { channel, after, before, ascending, limit } = stretch;
    const found = this.rows('messages')
      .filter((m) => m.channel === channel)
      .filter((m) => after === undefined || comparePlaces(m, after) > 0)
      .filter((m) => before === undefined || comparePlaces(m, before) < 0)
      .sort((a, b) => (ascending ? comparePlaces(a, b) : comparePlaces(b, a)));
    return Promise.resolve(structuredClone(found.slice(0, limit)));
  }

  private rows<T extends TableName>(table: T): Tables[T][] {
    const rows = new Map(this.tables.get(table));
    for (const [key, record] of this.changes.get(table) ?? []) {
      if (record === undefined) rows.delete(key);
      else rows.set(key, record);
    }
    return [...rows.values()] as Tables[T][];
  }

  put<T extends TableName>(table: T, record: Tables[T]): void {
    this.change(table, (record as unknown as Record<string, string>)[KEY_OF[table]] as string, structuredClone(record));
  }

  delete(table: TableName, key: string): void {
    this.change(table, key, undefined);
  }

  private change(table: TableName, key: string, record: Tables[TableName] | undefined): void {
    const changed = this.changes.get(table) ?? new Map<string, Tables[TableName] | undefined>();
    changed.set(key, record);
    this.changes.set(table, changed);
  }
}
