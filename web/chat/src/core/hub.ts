/**
 * The sessions of one worker (or of one page, where there is none), and which page belongs to which: pages of the
 * same user share one session, so they share one connection.
 *
 * @module
 */

import { NCCode } from '../codes.js';
import { ConnectionStatus } from '../enums.js';
import type { CoreCalls, CoreConfig } from './api.js';
import { Core } from './core.js';
import type { CoreHost, Page } from './host.js';
import type { Env } from './env.js';
import { refused } from './failure.js';
import type { Store } from './store.js';

/** Tokens remembered on a device, to know the user before the login. */
const TOKENS = 50;

type ConnectParams = Parameters<CoreCalls['connect']>[0];

/** See the module. */
export class Hub implements CoreHost {
  private cores = new Set<Core>();
  private device: Promise<Store> | undefined;

  constructor(
    readonly env: Env,
    private readonly storeKind: 'auto' | 'memory',
  ) {}

  /** A page with its configuration. */
  join(config: CoreConfig, page: Page): Member {
    return new Member(this, config, page);
  }

  elder(core: Core, userId: string): Core | undefined {
    const elder = [...this.cores].find((c) => c !== core && c.userId === userId && sameApp(c.config, core.config));
    if (elder !== undefined) this.cores.delete(core);
    return elder;
  }

  othersLogin(core: Core): Promise<unknown> {
    const others = [...this.cores].filter((other) => other !== core && sameApp(other.config, core.config));
    return Promise.all(others.map((other) => other.whoIsIt()));
  }

  /** The session that has the page, after whatever moves. */
  coreOf(page: Page): Core | undefined {
    return [...this.cores].find((core) => core.pages.has(page));
  }

  /** Finds or makes the session for a token. */
  async connect(config: CoreConfig, page: Page, params: ConnectParams): Promise<{ userId: string }> {
    const { token, timeoutMs } = params;
    page.hasTokenProvider = params.hasTokenProvider;
    const own = this.coreOf(page);
    if (own !== undefined && own.status !== ConnectionStatus.DISCONNECTED) {
      if (own.status === ConnectionStatus.CONNECTED) {
        throw refused(NCCode.ALREADY_CONNECTED, 'connected already; disconnect first to log in again');
      }
      if (own.token === token) throw refused(NCCode.CONNECTING, 'an attempt to connect is under way');
      own.start(token); // A new token while the old one is being tried.
      return own.connected(timeoutMs);
    }
    const userId = params.userId ?? (await this.userOf(token));
    const core = own ?? this.find(config, token, userId) ?? new Core(config, this);
    this.cores.add(core);
    if (userId !== undefined && core.userId === '') await core.openStore(userId);
    if (core !== own) core.attach(page);
    const idle = core.status === ConnectionStatus.DISCONNECTED;
    if (idle) core.start(token);
    return core.connected(timeoutMs);
  }

  /** A new token for the session of a page whose token has expired. */
  renew(page: Page, token: string): void {
    this.coreOf(page)?.renew(token);
  }

  /** Takes a page out of its session. */
  leave(page: Page): void {
    const core = this.coreOf(page);
    core?.detach(page);
    if (core !== undefined && core.pages.size === 0) this.cores.delete(core);
  }

  private find(config: CoreConfig, token: string, userId: string | undefined): Core | undefined {
    const mine = (core: Core): boolean => core.token === token || (userId !== undefined && core.userId === userId);
    return [...this.cores].find((core) => sameApp(core.config, config) && mine(core));
  }

  async deviceId(suffix: string): Promise<string> {
    const store = await this.deviceStore();
    const id = await store.transact('readwrite', async (tx) => {
      const known = (await tx.get('meta', 'deviceId'))?.value as string | undefined;
      if (known !== undefined) return known;
      const made = this.env.uuid();
      tx.put('meta', { key: 'deviceId', value: made });
      return made;
    });
    return suffix === '' ? id : `${id.slice(0, 36)}:${suffix}`;
  }

  async rememberToken(token: string, userId: string): Promise<void> {
    const digest = await digestOf(token);
    if (digest === undefined) return;
    const store = await this.deviceStore();
    await store.transact('readwrite', async (tx) => {
      const known = ((await tx.get('meta', 'tokens'))?.value ?? []) as [string, string][];
      const tokens = [[digest, userId], ...known.filter(([other]) => other !== digest)].slice(0, TOKENS);
      tx.put('meta', { key: 'tokens', value: tokens });
    });
  }

  /** The user that this token logged in before. The token itself is never kept. */
  private async userOf(token: string): Promise<string | undefined> {
    const digest = await digestOf(token);
    const store = await this.deviceStore();
    const tokens = await store.transact('readonly', async (tx) => (await tx.get('meta', 'tokens'))?.value);
    return ((tokens ?? []) as [string, string][]).find(([known]) => known === digest)?.[1];
  }

  private deviceStore(): Promise<Store> {
    this.device ??= this.env.openStore('nuncio:device', this.storeKind);
    return this.device;
  }
}

/** A page's place in the hub. */
export class Member {
  constructor(
    private readonly hub: Hub,
    private readonly config: CoreConfig,
    private readonly page: Page,
  ) {}

  /** Carries out a call. Rejects with `Refused`. */
  async call(name: keyof CoreCalls | 'renew', argument: unknown): Promise<unknown> {
    switch (name) {
      case 'connect':
        return this.hub.connect(this.config, this.page, argument as ConnectParams);
      case 'renew':
        return this.hub.renew(this.page, argument as string);
      case 'disconnect':
        await this.hub.coreOf(this.page)?.logOut(this.page);
        return this.leave();
      default: {
        const core = this.hub.coreOf(this.page);
        if (core === undefined) throw refused(NCCode.NOT_CONNECTED, 'not connected; call connect first');
        return core.call(this.page, name, argument);
      }
    }
  }

  /** The page is gone, or logs out. */
  leave(): void {
    this.hub.leave(this.page);
  }
}

function sameApp(a: CoreConfig, b: CoreConfig): boolean {
  return a.appKey === b.appKey && a.servers.join() === b.servers.join();
}

async function digestOf(token: string): Promise<string | undefined> {
  // Pages that are not served securely have no `subtle`; they learn the user at the login.
  if (globalThis.crypto?.subtle === undefined) return undefined;
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
