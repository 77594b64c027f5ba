/**
 * What ends connections and requests, and what to do then. No I/O.
 *
 * @module
 */

import { NCCode } from '../codes.js';
import type { Failure as WireFailure } from '../gen/nuncio/v1/frame_pb.js';
import type { Failure, Outcome } from './api.js';

/** A refusal or an ended connection, as an exception inside the core. */
export class Refused extends Error {
  /** What is told to the program. */
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** An exception for a code of the SDK's own. */
export function refused(code: NCCode, message: string): Refused {
  return new Refused({ code, message });
}

/** What the program is told about any exception. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Refused) return error.failure;
  return { code: -1, message: error instanceof Error ? error.message : String(error) };
}

/** Turns a promise's rejection into plain data. */
export async function outcomeOf<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    return { ok: false, failure: failureOf(error) };
  }
}

/** A failure as it came over the wire. */
export function failureFromWire(wire: WireFailure): Failure {
  const failure: Failure = { code: wire.code, message: wire.message || wire.name };
  if (wire.retryAfterMs > 0n) failure.retryAfterMs = Number(wire.retryAfterMs);
  if (wire.until > 0n) failure.until = Number(wire.until);
  if (wire.reason !== '') failure.reason = wire.reason;
  if (wire.keys.length > 0) failure.keys = wire.keys;
  return failure;
}

/** The server's close codes, for when the closing frame that says the same in full did not arrive. */
const CLOSE_CODES: Record<number, NCCode> = {
  4001: NCCode.COME_BACK,
  4002: NCCode.TOKEN_EXPIRED,
  4003: NCCode.TOKEN_INVALID,
  4004: NCCode.BANNED_WHILE_CONNECTED,
  4005: NCCode.KICKED_BY_NEWER_DEVICE,
  4006: NCCode.USER_DELETED,
  4007: NCCode.APP_UNAVAILABLE,
  4008: NCCode.BAD_FRAME,
  4009: NCCode.TOO_MANY_CONNECTIONS,
};

/** Why a connection ended, from its close code. */
export function failureOfClose(code: number, reason: string): Failure {
  return {
    code: CLOSE_CODES[code] ?? NCCode.CONNECTION_LOST,
    message: reason || `the connection was closed with ${code}`,
  };
}

/** What to do after a connection has ended. */
export type Plan = { next: 'stop' } | { next: 'newToken' } | { next: 'retry'; leastDelayMs: number; spreadMs: number };

const STOP: ReadonlySet<number> = new Set([
  NCCode.TOKEN_INVALID,
  NCCode.APP_UNAVAILABLE,
  NCCode.BANNED,
  NCCode.BANNED_WHILE_CONNECTED,
  NCCode.KICKED_BY_NEWER_DEVICE,
  NCCode.USER_DELETED,
  NCCode.BAD_FRAME,
  1001,
  31027,
  31023,
]);

/** Whether, when and how to come back after `failure`. */
export function planAfter(failure: Failure): Plan {
  if (STOP.has(failure.code)) return { next: 'stop' };
  if (failure.code === NCCode.TOKEN_EXPIRED) return { next: 'newToken' };
  const asked = failure.retryAfterMs ?? 0;
  switch (failure.code) {
    case NCCode.TOO_MANY_CONNECTIONS:
      return { next: 'retry', leastDelayMs: Math.max(asked, 5_000), spreadMs: 5_000 };
    case NCCode.COME_BACK:
      return { next: 'retry', leastDelayMs: asked, spreadMs: 2_000 };
    default:
      return { next: 'retry', leastDelayMs: asked, spreadMs: 0 };
  }
}

/** Whether the same request may be sent again, because the server says that it did not or may not have done it. */
export function isTransient(failure: Failure): boolean {
  switch (failure.code) {
    case NCCode.NO_ANSWER:
    case NCCode.CONNECTION_LOST:
    case NCCode.NOT_CONNECTED:
    case NCCode.UNAVAILABLE:
    case NCCode.OUTCOME_UNKNOWN:
    case NCCode.SERVER_TIMEOUT:
      return true;
    default:
      return false;
  }
}
