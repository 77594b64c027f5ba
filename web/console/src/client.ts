/**
 * Calls of the console's API.
 *
 * @module
 */

import type { Calls, Failure, FailureName } from './api.js';

/** The server did not do it, and says why. */
export class CallError extends Error {
  constructor(readonly failure: Failure) {
    const { errorMessage, retryAfter } = failure;
    const wait = retryAfter === undefined ? '' : ` Try again in ${retryAfter} s.`;
    super(`${errorMessage.charAt(0).toUpperCase()}${errorMessage.slice(1).replace(/\.$/, '')}.${wait}`);
  }

  is(name: FailureName): boolean {
    return this.failure.name === name;
  }
}

/** The operator did not go on; there is nothing to say about it. */
export class Cancelled extends Error {}

/** What calls need of the pages. */
export const hooks = {
  /** Asks for the password again; whether it was given. */
  confirm: (): Promise<boolean> => Promise.resolve(false),
  /** The session is over. */
  signedOut: (): void => {},
};

/** Longer than the server lets a call take, so that its own words are heard. A file may take as long as it takes. */
const TIMEOUT_MS = 40_000;

/** Calls; asks for the password and calls again where the server wants that. */
export async function call<P extends keyof Calls>(path: P, request: Calls[P][0]): Promise<Calls[P][1]> {
  try {
    return await send(path, request);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (error.is('CONFIRMATION_NEEDED')) {
      if (await hooks.confirm()) return send(path, request);
      throw new Cancelled();
    }
    if (error.is('NOT_SIGNED_IN')) hooks.signedOut();
    throw error;
  }
}

async function send<P extends keyof Calls>(path: P, request: Calls[P][0]): Promise<Calls[P][1]> {
  let response: Response;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), TIMEOUT_MS);
  try {
    response = await fetch(`/console/api/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Nuncio-Console': '1' },
      body: JSON.stringify(request),
      signal: late.signal,
    });
  } catch {
    throw new Error('The server did not answer. Look whether it runs and is within reach, then try again.');
  } finally {
    clearTimeout(timer);
  }
  if (response.ok && response.headers.has('content-disposition')) {
    return (await response.blob().catch(() => {
      throw new Error('The file did not come whole. Try again in a moment.');
    })) as Calls[P][1];
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return body as Calls[P][1];
  if (isFailure(body)) throw new CallError(body);
  throw new Error(`The server, or something in front of it, answered with HTTP ${response.status}. Try again in a moment.`);
}

function isFailure(body: unknown): body is Failure {
  return typeof body === 'object' && body !== null && 'errorMessage' in body && typeof body.errorMessage === 'string';
}

/** Why something failed, in words. */
export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
