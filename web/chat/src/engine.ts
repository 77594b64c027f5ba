/**
 * The small package beside the SDK that plugins build on: the counterpart of `@nexconn/engine`.
 *
 * @module
 */

/** How much is logged: messages of this level and above. */
export enum LogLevel {
  /** Everything. */
  DEBUG = 0,
  /** Steps of normal work. */
  INFO = 1,
  /** What is odd but harmless. */
  WARN = 2,
  /** What failed. */
  ERROR = 3,
}

/** Kinds of files. */
export enum FileType {
  /** A picture. */
  IMAGE = 1,
  /** A recording. */
  AUDIO = 2,
  /** A short video. */
  SHORT_VIDEO = 3,
  /** Anything else. */
  FILE = 4,
}

/** Writes log lines for one part of a program. */
export interface ILogger {
  /** A step of normal work. */
  info(tag: string, content?: unknown, traceId?: string): void;
  /** Odd but harmless. */
  warn(tag: string, content?: unknown, traceId?: string): void;
  /** A failure. */
  error(tag: string, content?: unknown, traceId?: string): void;
  /** Detail for developers. */
  debug(tag: string, content?: unknown, traceId?: string): void;
  /** Sets the least level that this logger writes. */
  setOutputLevel(level: LogLevel): void;
  /** A new id that ties log lines of one action together. */
  createTraceId(): string;
}

/** What the engine offers to a plugin. */
export interface PluginContext {
  /** Makes a logger for a part of the plugin. */
  createLogger(tag: string, type?: string): ILogger;
  /** The App Key given to `NCEngine.initialize`. */
  getAppkey(): string;
  /** Set it to be told when the engine is destroyed. */
  ondestroy: (() => void) | null;
}

/** Where the program runs. */
export interface RuntimeInfo {
  /** `browser`, or `node`. */
  tag: string;
}

/** What a plugin exports to be installed with `__install__`. */
export interface IPluginGenerator<T, O> {
  /** The plugin's name. */
  tag: string;
  /** Whether the plugin can work here. */
  verify(runtime: RuntimeInfo): boolean;
  /** Makes the plugin's object, or `null` when it cannot. */
  setup(context: PluginContext, runtime: RuntimeInfo, options: O): T | null;
}

const versions = new Map<string, string>();

/** Remembers which packages a program is made of, for its logs. */
export const VersionManage = {
  /** Adds a package or replaces its version. */
  add(name: string, version: string): void {
    versions.set(name, version);
  },
  /** The packages added so far with their versions. */
  getAll(): Record<string, string> {
    return Object.fromEntries(versions);
  },
};

let outputLevel = LogLevel.WARN;

/** Sets the least level that loggers write which have no level of their own. */
export function setLogLevel(level: LogLevel): void {
  outputLevel = level;
}

const METHODS = ['debug', 'info', 'warn', 'error'] as const;

/** A logger that writes to the console. Never hand it a token or a message's text. */
export function createLogger(name: string): ILogger {
  let own: LogLevel | undefined;
  const write = (level: LogLevel, tag: string, content?: unknown, traceId?: string): void => {
    if (level < (own ?? outputLevel)) return;
    const line = `[${name}] ${tag}${traceId === undefined ? '' : ` (${traceId})`}`;
    const method = METHODS[level] ?? 'error';
    if (content === undefined) console[method](line);
    else console[method](line, content);
  };
  return {
    debug: (tag, content, traceId) => write(LogLevel.DEBUG, tag, content, traceId),
    info: (tag, content, traceId) => write(LogLevel.INFO, tag, content, traceId),
    warn: (tag, content, traceId) => write(LogLevel.WARN, tag, content, traceId),
    error: (tag, content, traceId) => write(LogLevel.ERROR, tag, content, traceId),
    setOutputLevel: (level) => {
      own = level;
    },
    createTraceId: () => Math.random().toString(36).slice(2, 10),
  };
}
