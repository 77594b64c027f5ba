/**
 * A browser's push service, as an app's server meets it: it checks who sends (RFC 8292) and hands over what only the
 * browser can read (RFC 8188, RFC 8291), by Node's own cryptography.
 *
 * @module
 */

import { createDecipheriv, createECDH, createHmac, createPublicKey, randomBytes, verify } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One push as it came. */
export interface Pushed {
  /** The app's public key, as base64url. */
  key: string;
  /** What the browser's service worker gets. */
  text: string;
}

const hmac = (key: Buffer, data: Buffer): Buffer => createHmac('sha256', key).update(data).digest();
const expand = (key: Buffer, info: Buffer, size: number): Buffer => hmac(key, Buffer.concat([info, Buffer.from([1])])).subarray(0, size);

/** See the module. */
export class PushService {
  readonly pushed: Pushed[] = [];
  /** What was wrong with others. */
  readonly faults: string[] = [];
  readonly #keys = createECDH('prime256v1');
  readonly #auth = randomBytes(16);
  #server: Server | undefined;

  /** The subscription that a browser would give: where to send, and for whom to encrypt. */
  get subscription(): { endpoint: string; p256dh: string; auth: string } {
    const { port } = this.#server?.address() as AddressInfo;
    return {
      endpoint: `http://127.0.0.1:${port}/push/one`,
      p256dh: this.#keys.getPublicKey().toString('base64url'),
      auth: this.#auth.toString('base64url'),
    };
  }

  async start(): Promise<void> {
    this.#keys.generateKeys();
    this.#server = createServer((request, response) => {
      this.#take(request).then(
        () => response.writeHead(201).end(),
        (error: unknown) => {
          this.faults.push(String(error));
          response.writeHead(401).end(String(error));
        },
      );
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
  }

  async end(): Promise<void> {
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #take(request: IncomingMessage): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const [, jwt = '', key = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const [header = '', claims = '', signature = ''] = jwt.split('.');
    const point = Buffer.from(key, 'base64url');
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
    const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x as string, y: y as string }, format: 'jwk' });
    const signed = verify('sha256', Buffer.from(`${header}.${claims}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
    if (!signed) throw new Error('not signed by the key that it names');
    this.pushed.push({ key, text: this.#decrypt(Buffer.concat(parts)) });
  }

  #decrypt(body: Buffer): string {
    const salt = body.subarray(0, 16);
    const end = 21 + (body[20] as number);
    const sender = body.subarray(21, end);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#keys.getPublicKey(), sender]);
    const agreed = hmac(salt, expand(hmac(this.#auth, this.#keys.computeSecret(sender)), info, 32));
    const decipher = createDecipheriv(
      'aes-128-gcm',
      expand(agreed, Buffer.from('Content-Encoding: aes128gcm\0'), 16),
      expand(agreed, Buffer.from('Content-Encoding: nonce\0'), 12),
    );
    decipher.setAuthTag(body.subarray(-16));
    const text = Buffer.concat([decipher.update(body.subarray(end, -16)), decipher.final()]);
    return text.subarray(0, text.lastIndexOf(2)).toString();
  }
}
