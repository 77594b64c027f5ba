/**
 * What the app's server would do: signed calls of the Server API. Only a demo does this in a page; the App Secret of a
 * real app never leaves its server.
 *
 * @module
 */

// The browser's own `crypto.subtle` is absent where the page came over plain HTTP from another machine.
import { sha1 } from '@noble/hashes/legacy.js';
import { bytesToHex as hex, utf8ToBytes } from '@noble/hashes/utils.js';
import { group, people, third } from './people.js';

/** The demo's app. */
interface Keys {
  appKey: string;
  appSecret: string;
}

/** A call as it was made, and its answer. */
export interface Call {
  /** Names the call's outcome for people. */
  ok: boolean;
  /** The operation's path. */
  path: string;
  /** The same call for a shell, signed anew by it. */
  curl: string;
  /** The answer's body, as indented JSON. */
  answer: string;
  /** The answer's `result`. */
  result: Record<string, unknown>;
}

let keys: Promise<Keys> | undefined;

/** The demo's keys, asked for once. */
export function appKeys(): Promise<Keys> {
  keys ??= fetch('keys.json').then(async (answer) => {
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Keys;
  });
  return keys;
}

/** Calls the Server API. */
export async function call(path: string, body: object): Promise<Call> {
  const { appKey, appSecret } = await appKeys();
  const nonce = hex(crypto.getRandomValues(new Uint8Array(16)));
  const timestamp = String(Date.now());
  const headers = { 'App-Key': appKey, Nonce: nonce, Timestamp: timestamp, Signature: hex(sha1(utf8ToBytes(appSecret + nonce + timestamp))), 'Content-Type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = (await response.json()) as { result?: Record<string, unknown> };
  return { ok: response.ok, path, curl: curl(path, body, appKey), answer: JSON.stringify(answer, undefined, 2), result: answer.result ?? {} };
}

/** A token for a user, who is registered by it. */
export async function token(userId: string, name: string): Promise<string> {
  const { ok, result, answer } = await call('/v4/auth/access-token/issue', { userId, name });
  if (!ok) throw new Error(answer);
  return String(result['accessToken'] ?? result['token']);
}

/** Makes the group of the three, unless it is there already, with a first message so that it is seen. */
export async function makeGroup(): Promise<void> {
  await token(third.id, third.name);
  const made = await call('/v4/group-channel/create', { channelId: group.id, name: group.name, owner: third.id, userIds: Object.keys(people) });
  if (!made.ok) return;
  const content = JSON.stringify({ content: 'Who has time on Saturday?' });
  await call('/v4/group-channel/message/send', { fromUserId: third.id, toChannelIds: [group.id], messageType: 'RC:TxtMsg', content });
}

/** The secret stays a variable: `nuncio dev` has printed it. */
function curl(path: string, body: object, appKey: string): string {
  return [
    'NONCE=$RANDOM TIMESTAMP=$(date +%s%3N)',
    `SIGNATURE=$(printf %s "$APP_SECRET$NONCE$TIMESTAMP" | sha1sum | cut -d' ' -f1)`,
    `curl ${location.origin}${path} -H 'App-Key: ${appKey}' -H "Nonce: $NONCE" \\`,
    '  -H "Timestamp: $TIMESTAMP" -H "Signature: $SIGNATURE" \\',
    `  -H 'Content-Type: application/json' -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`,
  ].join('\n');
}
