/**
 * The device's place in the user's gapless inbox. No I/O.
 *
 * Steps may arrive early, late, twice or not at all; {@link Inbox.take} gives each once and in order, and
 * {@link Inbox.isBehind} tells when some must be fetched.
 *
 * @module
 */

/** A step of the inbox. */
export interface Step {
  /** Counts 1, 2, 3, ... */
  seq: number;
}

/** Steps held ahead of a gap; more are fetched again instead of kept. */
const HELD_AHEAD = 1_000;

/** See the module. */
export class Inbox<S extends Step> {
  private ahead = new Map<number, S>();
  private known: number;

  /** @param cursor the last step that the device holds */
  constructor(public cursor: number) {
    this.known = cursor;
  }

  /** A step has arrived. */
  offer(step: S): void {
    this.hear(step.seq);
    if (step.seq > this.cursor && (this.ahead.size < HELD_AHEAD || step.seq === this.cursor + 1)) {
      this.ahead.set(step.seq, step);
    }
  }

  /** The inbox is said to reach up to `head`. */
  hear(head: number): void {
    this.known = Math.max(this.known, head);
  }

  /** The steps that follow the cursor without a gap. They stay until {@link Inbox.advance}. */
  take(): S[] {
    const run: S[] = [];
    for (let step = this.ahead.get(this.cursor + 1); step; step = this.ahead.get(step.seq + 1)) run.push(step);
    return run;
  }

  /** Everything up to `seq` is in the store. */
  advance(seq: number): void {
    for (let gone = this.cursor + 1; gone <= seq && this.ahead.size > 0; gone++) this.ahead.delete(gone);
    this.cursor = Math.max(this.cursor, seq);
    this.known = Math.max(this.known, seq);
  }

  /** Whether steps are missing that nobody is going to push. */
  get isBehind(): boolean {
    return this.known > this.cursor && !this.ahead.has(this.cursor + 1);
  }
}
