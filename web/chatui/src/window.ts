/**
 * Which part of a long list is in the page: rows of unequal height, of which only those near the view are drawn.
 *
 * @module
 */

/** A part of a list, `end` left out, with the space that stands for the rest. */
export interface Part {
  /** Index of the first row drawn. */
  start: number;
  /** Index after the last row drawn. */
  end: number;
  /** Pixels of the rows above. */
  before: number;
  /** Pixels of the rows below. */
  after: number;
}

/** Remembers the heights of rows by their keys, and says which part of the list to draw. */
export class RowWindow {
  readonly #heights = new Map<string, number>();
  #sum = 0;

  /** @param overscan pixels to draw above and below the view */
  constructor(private readonly overscan: number = 800, private readonly guess: number = 64) {}

  /** A row's height was measured. Answers whether that is news. */
  measured(key: string, height: number): boolean {
    const before = this.#heights.get(key);
    if (before === height) return false;
    this.#sum += height - (before ?? 0);
    this.#heights.set(key, height);
    return true;
  }

  /** A row's height, measured or else the mean of those that were. */
  height(key: string): number {
    return this.#heights.get(key) ?? (this.#heights.size === 0 ? this.guess : this.#sum / this.#heights.size);
  }

  /** Pixels from the list's beginning to a row. */
  offset(keys: readonly string[], index: number): number {
    let sum = 0;
    for (let i = 0; i < index && i < keys.length; i += 1) sum += this.height(keys[i] as string);
    return sum;
  }

  /** The part to draw for a view that begins at `top` and is `view` pixels high. */
  part(keys: readonly string[], top: number, view: number): Part {
    const from = top - this.overscan;
    const to = top + view + this.overscan;
    let at = 0;
    let start = 0;
    while (start < keys.length && at + this.height(keys[start] as string) < from) {
      at += this.height(keys[start] as string);
      start += 1;
    }
    const before = at;
    let end = start;
    while (end < keys.length && at < to) {
      at += this.height(keys[end] as string);
      end += 1;
    }
    let after = 0;
    for (let i = end; i < keys.length; i += 1) after += this.height(keys[i] as string);
    return { start, end, before, after };
  }
}
