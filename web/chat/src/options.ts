import type { LogLevel } from './engine.js';
import type { AreaCode } from './enums.js';
import type { FileUploadHandler } from './message/upload.js';

/** A WebSocket class, such as the browser's or that of the `ws` package. */
export interface WebSocketConstructor {
  /** Begins to connect. */
  new (url: string): object;
}

/** How the next connection is awaited. */
export interface ReconnectPolicy {
  /** The pause before the second try, in milliseconds. */
  initialDelayMs: number;
  /** No pause is longer, in milliseconds. */
  maxDelayMs: number;
  /** Each pause is so many times the one before. */
  multiplier: number;
  /** The part of each pause that is left to chance, 0 to 1, so that clients do not come back all at once. */
  jitter: number;
}

/** What `NCEngine.initialize` takes. */
export interface InitParams {
  /** The app's key, from the console. */
  appKey: string;
  /**
   * The server's address, or those of several nodes, tried in turn: `https://im.example.com`. In a browser the
   * page's own origin by default.
   */
  naviServer?: string | string[];
  /** Accepted and ignored: the hosted service's data centre. */
  areaCode?: AreaCode | string;
  /** How much is logged; WARN by default. */
  logLevel?: LogLevel;
  /**
   * Gets a new token when the present one has expired, so that the user notices nothing. Without it the status
   * becomes DISCONNECTED with code 31020, and `connect` with a new token resumes.
   */
  tokenProvider?: () => Promise<string>;
  /** Uploads the files of media messages. Without it they cannot be sent. */
  uploader?: FileUploadHandler;
  /** Pauses between tries to connect. */
  reconnect?: Partial<ReconnectPolicy>;
  /** How long a request may stay unanswered, in milliseconds; 10,000 by default. */
  requestTimeout?: number;
  /** How long a message may wait for a connection before it fails, in milliseconds; 60,000 by default. */
  sendTimeout?: number;
  /** `shared` (default): one connection for all tabs where the browser can. `page`: one for this page. */
  worker?: 'shared' | 'page';
  /** Where the shared worker's script is, when the bundler does not find it by itself. */
  workerUrl?: string | URL;
  /** `auto` (default): IndexedDB where there is one. `memory`: nothing is kept on the device. */
  store?: 'auto' | 'memory';
  /** A WebSocket class to use instead of the platform's. In Node 20 the `ws` package's is taken by itself. */
  webSocket?: WebSocketConstructor;
  /** Accepted and ignored. */
  fileServer?: string;
  /** Accepted and ignored. */
  statisticServer?: string;
  /** Accepted and ignored. */
  logServer?: string;
  /** Accepted and ignored: a newer login of the same device takes the place of the older one. */
  reconnectKickEnable?: boolean;
  /** Accepted and ignored. */
  compressOptions?: object;
  /** Accepted and ignored: browsers are told by their connection. */
  pushOptions?: object;
  /** Accepted and ignored. */
  enablePush?: boolean;
}

/** What `NCEngine.connect` takes. */
export interface ConnectParams {
  /** The user's token, from the app's server. */
  token: string;
  /** Seconds after which the attempt is given up; without it, the attempts go on until they succeed. */
  timeout?: number;
  /** Whose token it is, if the program knows: then the channel list is there before the server answers. */
  userId?: string;
}

/** Who is connected. */
export interface ConnectResult {
  /** The user. */
  userId: string;
}
