import type { ReconnectPolicy } from '../options.js';

/** Half a second at first, 30 s at most, half of each pause left to chance. */
export const DEFAULT_RECONNECT: ReconnectPolicy = {
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  multiplier: 2,
  jitter: 0.5,
};

/**
 * The pause before try number `attempt` (0 for the first one after a loss), in milliseconds.
 *
 * @param chance a number from 0 to 1
 */
export function pauseBefore(attempt: number, policy: ReconnectPolicy, chance: number): number {
  const full = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.multiplier ** Math.min(attempt, 60));
  return full * (1 - policy.jitter * chance);
}
