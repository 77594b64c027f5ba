/**
 * The real server in a process of its own, and its Server API.
 *
 * @module
 */

import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const target = fileURLToPath(new URL('../../../../target', import.meta.url));

/** The binary to test, if it has been built. */
export const binary = [process.env['NUNCIO_BIN'], join(target, 'release/nuncio'), join(target, 'debug/nuncio')].find(
  (path) => path !== undefined && existsSync(path),
);

/** An app's server, and the server that it calls. */
export class ServerApi {
  url = '';
  appKey = '';
  appSecret = '';

  /** Calls the Server API as an app's server does. */
  async api(path: string, body: object): Promise<Record<string, unknown>> {
    const nonce = randomBytes(8).toString('hex');
    const timestamp = String(Date.now());
    const signature = createHash('sha1').update(this.appSecret + nonce + timestamp).digest('hex');
    const headers = { 'App-Key': this.appKey, Nonce: nonce, Timestamp: timestamp, Signature: signature, 'Content-Type': 'application/json' };
    const response = await fetch(`${this.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as { code: number; result?: Record<string, unknown> };
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer.result ?? {};
  }

  /** A token for a user, who is registered by it. */
  async token(userId: string): Promise<string> {
    const result = await this.api('/v4/auth/access-token/issue', { userId, name: userId });
    return (result['accessToken'] ?? result['token']) as string;
  }
}

export class Nuncio extends ServerApi {
  readonly data = mkdtempSync(join(tmpdir(), 'nuncio-web-'));
  private child: ChildProcess | undefined;

  /** Starts it on a free port, later again on the same. */
  async start(): Promise<void> {
    const listen = this.url === '' ? '127.0.0.1:0' : this.url.replace('http://', '');
    const args = ['dev', '--data', this.data, '--listen', listen, '--admin-listen', 'off'];
    const child = spawn(binary as string, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child = child;
    let printed = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`nuncio ended with ${code}: ${printed}`)));
      child.stdout.on('data', (part: Buffer) => {
        printed += part.toString();
        const ready = /nuncio is ready at (\S+)/.exec(printed);
        if (ready === null) return;
        this.url = ready[1] as string;
        this.appKey = /App Key:\s+(\S+)/.exec(printed)?.[1] ?? this.appKey;
        this.appSecret = /App Secret:\s+(\S+)/.exec(printed)?.[1] ?? this.appSecret;
        resolve();
      });
    });
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async end(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Runs a command on the server's store, beside it; answers what it prints. */
  async command(args: string[], input = ''): Promise<string> {
    const running = promisify(execFile)(binary as string, [...args, '--data', this.data]);
    running.child.stdin?.end(input);
    return (await running).stdout;
  }

  /** Makes another app, in production and without a limit of users, beside the running server. */
  async createApp(name: string): Promise<ServerApi> {
    const stdout = await this.command(['app', 'create', '--name', name, '--environment', 'production', '--edition', 'flagship', '--json']);
    return Object.assign(new ServerApi(), { url: this.url }, JSON.parse(stdout) as { appKey: string; appSecret: string });
  }

  /** Gives the app a new secret, as its operator does beside the running server. */
  async rotateSecret(): Promise<void> {
    const stdout = await this.command(['app', 'rotate-secret', this.appKey, '--json']);
    this.appSecret = (JSON.parse(stdout) as { appSecret: string }).appSecret;
  }
}
