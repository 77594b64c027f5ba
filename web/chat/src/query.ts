import { NCCode } from './codes.js';
import { NCResult } from './result.js';

/** A page of something. */
export interface PageData<T> {
  /** What is on it. */
  data: T[];
  /** How many there are on all pages, when the server says. */
  totalCount?: number;
}

/** Where a page of messages begins. */
export interface HistoryPlace {
  /** Unix time in milliseconds; 0 for the newest, ascending the oldest. */
  time: number;
  /** The id of the last message of the page before. */
  key: string;
}

/** A page, and where the next begins. */
export interface LoadedPage<T, P> extends PageData<T> {
  /** `undefined` when there is none. */
  next: P | undefined;
}

/** Loads a list page by page; made by the `create...Query` calls. */
export class PageQuery<T, P = string> {
  #load: (place: P) => Promise<NCResult<LoadedPage<T, P>>>;
  #place: P | undefined;
  #busy = false;

  /** @internal */
  constructor(start: P, load: (place: P) => Promise<NCResult<LoadedPage<T, P>>>) {
    this.#place = start;
    this.#load = load;
  }

  /** Whether another page may follow. */
  get hasNext(): boolean {
    return this.#place !== undefined;
  }

  /** Another spelling of {@link PageQuery.hasNext}. */
  get hasMore(): boolean {
    return this.hasNext;
  }

  /** Loads the next page; empty after the last. Answers 33103 while the page before is still loading. */
  async loadNextPage(): Promise<NCResult<PageData<T>>> {
    if (this.#busy) return NCResult.fail(NCCode.QUERY_BUSY, 'the page before is still loading');
    if (this.#place === undefined) return NCResult.ok({ data: [] });
    this.#busy = true;
    try {
      const page = await this.#load(this.#place);
      if (!page.isOk || page.data === undefined) return page.wipe();
      const { next, ...data } = page.data;
      this.#place = next;
      return NCResult.ok(data);
    } finally {
      this.#busy = false;
    }
  }
}
