/**
 * The engine behind `NCEngine`: its configuration, its link to the core, and the program's handlers.
 *
 * @module
 */

import { NCCode } from './codes.js';
import type { AnswerBody, CoreConfig, CoreEvent, Failure, RequestInit } from './core/api.js';
import { DEFAULT_RECONNECT } from './core/backoff.js';
import type { SocketConstructor } from './core/env.js';
import type { ILogger, PluginContext } from './engine.js';
import { createLogger, setLogLevel } from './engine.js';
import { ConnectionStatus } from './enums.js';
import { dispatch } from './events.js';
import type {
  ChannelHandler,
  ConnectionStatusHandler,
  GroupChannelHandler,
  MessageHandler,
  OpenChannelHandler,
  PushHandler,
  TagHandler,
  TranslateHandler,
  UserHandler,
  UserSettingsHandler,
} from './handlers.js';
import type { AnswerOf, ArgumentOf, CallName, Link } from './link.js';
import { openLink } from './link.js';
import type { ConnectParams, ConnectResult, InitParams } from './options.js';
import { NCResult } from './result.js';

/** The program's handlers by kind and id. */
export interface Handlers {
  connection: Map<string, ConnectionStatusHandler>;
  message: Map<string, MessageHandler>;
  channel: Map<string, ChannelHandler>;
  user: Map<string, UserHandler>;
  group: Map<string, GroupChannelHandler>;
  open: Map<string, OpenChannelHandler>;
  translate: Map<string, TranslateHandler>;
  tag: Map<string, TagHandler>;
  settings: Map<string, UserSettingsHandler>;
  push: Map<string, PushHandler>;
}

/** See the module. */
export class Client {
  readonly handlers: Handlers = {
    connection: new Map(),
    message: new Map(),
    channel: new Map(),
    user: new Map(),
    group: new Map(),
    open: new Map(),
    translate: new Map(),
    tag: new Map(),
    settings: new Map(),
    push: new Map(),
  };
  readonly log: ILogger = createLogger('nuncio');
  params: InitParams | undefined;
  userId = '';
  status = ConnectionStatus.DISCONNECTED;
  clockDelta = 0;
  /** For how long the app lets messages be edited; 0 before the first login. */
  editMinutes = 0;

  private link: Promise<Link> | undefined;
  private config: CoreConfig | undefined;
  private plugins = new Set<PluginContext>();
  private readonly leaveOnHide = (event: { persisted?: boolean }): void => {
    if (!event.persisted) void this.link?.then((link) => link.leave());
  };

  /** Takes up the configuration. Throws nothing: what is wrong with it is told by `connect`. */
  initialize(params: InitParams): void {
    if (this.link !== undefined) this.destroy();
    this.params = { ...params };
    if (params.logLevel !== undefined) setLogLevel(params.logLevel);
    this.config = configOf(params);
    if (typeof globalThis.addEventListener === 'function') globalThis.addEventListener('pagehide', this.leaveOnHide as never);
  }

  /** Logs in. */
  async connect(params: ConnectParams): Promise<NCResult<ConnectResult>> {
    const { token, timeout, userId } = params ?? {};
    if (this.config === undefined) return NCResult.fail(NCCode.NOT_INITIALIZED, 'call NCEngine.initialize first');
    if (this.config.appKey === '') return NCResult.fail(NCCode.BAD_ARGUMENT, 'initialize: appKey is missing');
    if (this.config.servers.length === 0) {
      return NCResult.fail(NCCode.BAD_ARGUMENT, 'initialize: naviServer is missing or is not an address');
    }
    if (typeof token !== 'string' || token === '') return NCResult.fail(NCCode.TOKEN_INVALID, 'token is missing');
    const answer = await this.call('connect', {
      token,
      hasTokenProvider: this.params?.tokenProvider !== undefined,
      ...(timeout !== undefined && timeout > 0 ? { timeoutMs: timeout * 1_000 } : {}),
      ...(userId === undefined ? {} : { userId }),
    });
    if (answer.isOk && answer.data) this.userId = answer.data.userId;
    return answer;
  }

  /** Logs out on this page. */
  async disconnect(): Promise<NCResult> {
    if (this.link === undefined) return NCResult.ok();
    const answer = await this.call('disconnect', undefined);
    this.hear({
      kind: 'status',
      status: ConnectionStatus.DISCONNECTED,
      userId: this.userId,
      failure: { code: 0, message: 'disconnected by the program' },
    });
    this.userId = '';
    return answer.wipe();
  }

  /** Ends everything; `initialize` begins anew. */
  destroy(): void {
    for (const plugin of this.plugins) this.protect('ondestroy', () => plugin.ondestroy?.());
    this.plugins.clear();
    void this.link?.then((link) => link.leave());
    this.link = undefined;
    this.config = undefined;
    this.params = undefined;
    this.userId = '';
    this.editMinutes = 0;
    this.status = ConnectionStatus.DISCONNECTED;
    for (const handlers of Object.values(this.handlers) as Map<string, unknown>[]) handlers.clear();
    if (typeof globalThis.removeEventListener === 'function') {
      globalThis.removeEventListener('pagehide', this.leaveOnHide as never);
    }
  }

  /** Calls the core. */
  async call<N extends CallName>(name: N, argument: ArgumentOf<N>): Promise<NCResult<AnswerOf<N>>> {
    const { config } = this;
    if (config === undefined) return NCResult.fail(NCCode.NOT_INITIALIZED, 'call NCEngine.initialize first');
    try {
      this.link ??= this.open(config);
      const outcome = await (await this.link).call(name, argument);
      return outcome.ok ? NCResult.ok(outcome.value) : failed(outcome.failure);
    } catch (error) {
      return NCResult.fail(-1, error instanceof Error ? error.message : String(error));
    }
  }

  /** Asks the server. */
  request(body: RequestInit): Promise<NCResult<AnswerBody>> {
    return this.call('request', body);
  }

  /** Makes what a plugin works with. */
  plug(): PluginContext {
    const context: PluginContext = {
      createLogger: (tag, type) => createLogger(type === undefined ? tag : `${type}:${tag}`),
      getAppkey: () => this.params?.appKey ?? '',
      ondestroy: null,
    };
    this.plugins.add(context);
    return context;
  }

  /** Runs a program's callback; what it throws is logged and harms nobody else. */
  protect(name: string, callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.log.error(`${name} threw`, error);
    }
  }

  private open(config: CoreConfig): Promise<Link> {
    const { worker = 'shared', workerUrl, webSocket, store } = this.params ?? {};
    return openLink({
      config,
      onEvent: (event) => this.hear(event),
      worker: store === 'memory' ? 'page' : worker,
      ...(workerUrl === undefined ? {} : { workerUrl }),
      ...(webSocket === undefined ? {} : { socket: webSocket as unknown as SocketConstructor }),
    });
  }

  private hear(event: CoreEvent): void {
    switch (event.kind) {
      case 'clock':
        this.clockDelta = event.delta;
        return;
      case 'account':
        this.editMinutes = event.account.messageEditMinutes;
        return;
      case 'tokenNeeded':
        void this.provideToken();
        return;
      case 'status':
        if (event.status === this.status && event.status === ConnectionStatus.DISCONNECTED) return;
        this.status = event.status;
        if (event.userId !== '') this.userId = event.userId;
        break;
    }
    dispatch(this, event);
  }

  private async provideToken(): Promise<void> {
    try {
      const token = await this.params?.tokenProvider?.();
      if (token) (await this.link)?.renew(token);
    } catch (error) {
      this.log.error('tokenProvider failed; the session ends unless connect brings a new token', error);
    }
  }
}

/** The one engine of the program. */
export const client: Client = /* @__PURE__ */ new Client();

/** A failed result; what the server tells besides goes into `data`. */
function failed<T>(failure: Failure): NCResult<T> {
  const { code, message, keys, until, reason, retryAfterMs } = failure;
  const details = {
    ...(keys === undefined ? {} : { errorKeys: keys }),
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return NCResult.fail<T>(code, message, Object.keys(details).length === 0 ? undefined : (details as T));
}

function configOf(params: InitParams): CoreConfig {
  const { appKey, naviServer, reconnect, requestTimeout = 10_000, sendTimeout = 60_000, store = 'auto' } = params;
  const given = naviServer === undefined ? originOfPage() : naviServer;
  const servers = (Array.isArray(given) ? given : given.split(','))
    .map(connectUrl)
    .filter((url) => url !== undefined);
  return {
    appKey: typeof appKey === 'string' ? appKey : '',
    servers,
    reconnect: { ...DEFAULT_RECONNECT, ...reconnect },
    requestTimeoutMs: requestTimeout,
    sendTimeoutMs: sendTimeout,
    store,
    deviceSuffix: '',
  };
}

function originOfPage(): string {
  const origin = (globalThis as { location?: { origin?: string } }).location?.origin;
  return origin?.startsWith('http') ? origin : '';
}

/** The WebSocket address behind a server's; `undefined` when it is none. */
export function connectUrl(server: string): string | undefined {
  const address = server.trim();
  if (address === '') return undefined;
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(address) ? address : `https://${address}`);
    if (url.protocol === 'http:') url.protocol = 'ws:';
    if (url.protocol === 'https:') url.protocol = 'wss:';
    if (url.protocol !== 'ws:' && url.protocol !== 'wss:') return undefined;
    const path = url.pathname.replace(/\/+$/, '');
    url.pathname = path.endsWith('/connect') ? path : `${path}/connect`;
    url.search = url.hash = '';
    return url.href;
  } catch {
    return undefined;
  }
}
