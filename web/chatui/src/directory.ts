/**
 * Information by key that is asked for in batches, kept, and told about when it changes.
 *
 * @module
 */

/** Keys that one request may ask for, unless a directory says otherwise. */
const BATCH = 100;
/** Entries that are kept; the ones not used for longest go first. */
const MOST = 5_000;
/** How long a key whose answer failed or was empty is left alone. */
const PAUSE = 30_000;
/** How long keys are gathered before they are asked for together. */
const GATHER = 30;

/** Answers what is known of these keys; those it knows nothing of are left out. */
export type Loader<T> = (keys: string[]) => Promise<readonly T[]>;

/** Where entries last beyond the page. */
export interface Shelf<T> {
  /** What was kept. */
  read(): T[];
  /** Keeps these instead. */
  write(entries: T[]): void;
}

/** Entries of one kind. Fires `change` when some are new or different. */
export class Directory<T> extends EventTarget {
  readonly #entries = new Map<string, T>();
  readonly #wanted = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #pausedUntil = new Map<string, number>();
  #stale = new Set<string>();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #writing: ReturnType<typeof setTimeout> | undefined;
  #generation = 0;

  /**
   * @param keyOf an entry's key; `undefined` for one that is not valid, which is skipped
   * @param shelf where entries last beyond the page, if they shall
   * @param batch keys that one request may ask for
   */
  constructor(
    private readonly keyOf: (entry: T) => string | undefined,
    private load: Loader<T> | undefined,
    private shelf?: Shelf<T>,
    private readonly batch: number = BATCH,
  ) {
    super();
    this.#unshelve();
  }

  /** Begins anew with another source. */
  reset(load: Loader<T> | undefined, shelf?: Shelf<T>): void {
    this.#generation += 1;
    this.load = load;
    this.shelf = shelf;
    for (const kept of [this.#entries, this.#wanted, this.#asked, this.#pausedUntil, this.#stale]) kept.clear();
    this.#unshelve();
    this.#changed();
  }

  /** What is known. What is not is asked for, and `change` tells when it is there. */
  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#want(key);
      return undefined;
    }
    if (this.#stale.delete(key)) this.#want(key);
    // Last used, last to go.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Puts entries in the place of what was known, without asking anybody. Invalid ones are skipped. */
  refresh(entries: readonly T[]): void {
    let changed = false;
    for (const entry of entries) {
      const key = this.keyOf(entry);
      if (key === undefined) continue;
      changed ||= JSON.stringify(this.#entries.get(key)) !== JSON.stringify(entry);
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      this.#pausedUntil.delete(key);
    }
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= MOST) break;
      this.#entries.delete(key);
    }
    if (changed) {
      this.#changed();
      this.#shelve();
    }
  }

  /** What is known, without asking for what is not. */
  peek(key: string): T | undefined {
    return this.#entries.get(key);
  }

  /** Asks anew for what is known of these keys; what was known is shown until then. */
  invalidate(keys: readonly string[]): void {
    for (const key of keys) {
      this.#pausedUntil.delete(key);
      this.#want(key);
    }
  }

  /** The source was out of reach for a time: what is shown is asked for anew. */
  retry(): void {
    this.#pausedUntil.clear();
    this.#stale = new Set(this.#entries.keys());
    this.#changed();
  }

  #want(key: string): void {
    if (this.load === undefined || this.#asked.has(key) || (this.#pausedUntil.get(key) ?? 0) > Date.now()) return;
    this.#wanted.add(key);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const keys = [...this.#wanted];
      this.#wanted.clear();
      for (let at = 0; at < keys.length; at += this.batch) void this.#ask(keys.slice(at, at + this.batch));
    }, GATHER);
  }

  async #ask(keys: string[]): Promise<void> {
    const generation = this.#generation;
    for (const key of keys) this.#asked.add(key);
    let entries: readonly T[] = [];
    try {
      const answer = await this.load?.(keys);
      if (Array.isArray(answer)) entries = answer as readonly T[];
    } catch (error) {
      console.warn('nuncio: information could not be loaded', error);
    }
    if (generation !== this.#generation) return;
    for (const key of keys) {
      this.#asked.delete(key);
      this.#pausedUntil.set(key, Date.now() + PAUSE);
    }
    this.refresh(entries);
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }

  #unshelve(): void {
    for (const entry of this.shelf?.read() ?? []) {
      const key = this.keyOf(entry);
      if (key !== undefined) this.#entries.set(key, entry);
    }
  }

  #shelve(): void {
    if (this.shelf === undefined) return;
    this.#writing ??= setTimeout(() => {
      this.#writing = undefined;
      this.shelf?.write([...this.#entries.values()].slice(-1_000));
    }, 200);
  }
}

/** A shelf in the browser's local storage; entries that cannot be kept there are kept for the page only. */
export function localShelf<T>(name: string): Shelf<T> {
  return {
    read() {
      try {
        const kept: unknown = JSON.parse(globalThis.localStorage?.getItem(name) ?? '[]');
        return Array.isArray(kept) ? (kept as T[]) : [];
      } catch {
        return [];
      }
    },
    write(entries) {
      try {
        globalThis.localStorage?.setItem(name, JSON.stringify(entries));
      } catch {
        // Full, or forbidden: the page goes on with what it has.
      }
    },
  };
}
