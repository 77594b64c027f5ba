/**
 * The shared worker: one for all tabs of an origin, so that they share one connection.
 *
 * @module
 */

import { platformEnv } from './core/browser.js';
import { failureOf } from './core/failure.js';
import type { Member } from './core/hub.js';
import { Hub } from './core/hub.js';
import type { FromCore, Port, ToCore } from './core/port.js';
import { SDK_VERSION } from './version.js';

const hub = new Hub(platformEnv(), 'auto');

/** Serves one tab. */
function serve(port: Port): void {
  const say = (message: FromCore): void => port.postMessage(message);
  let member: Member | undefined;
  port.onmessage = ({ data }) => {
    const message = data as ToCore;
    if ('join' in message) {
      member ??= hub.join(message.join, { hasTokenProvider: false, tell: (event) => say({ event }) });
      const joined = member;
      // The lock is free once the tab is gone, however it went.
      void globalThis.navigator?.locks?.request(message.lock, () => joined.leave());
    } else if ('leave' in message) {
      member?.leave();
    } else {
      const { id, call, argument } = message;
      if (member === undefined) return;
      member.call(call, argument).then(
        (value) => say({ id, value }),
        (error: unknown) => say({ id, failure: failureOf(error) }),
      );
    }
  };
  say({ hello: SDK_VERSION });
}

const scope = globalThis as unknown as {
  onconnect?: (event: { ports: readonly Port[] }) => void;
};
scope.onconnect = ({ ports }) => {
  for (const port of ports) serve(port);
};
