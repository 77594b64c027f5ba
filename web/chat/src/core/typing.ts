import type { CoreEvent } from './api.js';
import type { Env } from './env.js';

/** How long a sign of typing holds, in milliseconds. Senders repeat it about every 5 s. */
const HOLDS_MS = 6_000;

interface Typist {
  type: string;
  at: number;
  cancel(): void;
}

/** Who is typing where. */
export class Typing {
  private channels = new Map<string, Map<string, Typist>>();

  constructor(
    private readonly env: Env,
    private readonly tell: (event: CoreEvent) => void,
  ) {}

  /** A user types. */
  begin(channel: string, userId: string, type: string): void {
    const typists = this.channels.get(channel) ?? new Map<string, Typist>();
    this.channels.set(channel, typists);
    typists.get(userId)?.cancel();
    const cancel = this.env.timer(HOLDS_MS, () => this.end(channel, userId));
    typists.set(userId, { type, at: this.env.now(), cancel });
    this.report(channel);
  }

  /** The user stopped, or sent what they typed. */
  end(channel: string, userId: string): void {
    const typists = this.channels.get(channel);
    const typist = typists?.get(userId);
    if (typists === undefined || typist === undefined) return;
    typist.cancel();
    typists.delete(userId);
    if (typists.size === 0) this.channels.delete(channel);
    this.report(channel);
  }

  private report(channel: string): void {
    const typists = this.channels.get(channel) ?? new Map<string, Typist>();
    const users = [...typists].map(([userId, { type, at }]) => ({ userId, type, at }));
    this.tell({ kind: 'typing', channel, users });
  }
}
