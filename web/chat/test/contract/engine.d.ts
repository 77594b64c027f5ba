// What programs for `@nexconn/engine` may rely on, drawn up from how such programs use it. contract.test.ts holds our
// declarations against it.
export enum LogLevel { DEBUG = 0, INFO = 1, WARN = 2, ERROR = 3 }
export enum FileType { IMAGE = 1, AUDIO = 2, SHORT_VIDEO = 3, FILE = 4 }
export interface ILogger {
  info(tag: string, content?: any, traceId?: string): void;
  warn(tag: string, content?: any, traceId?: string): void;
  error(tag: string, content?: any, traceId?: string): void;
  debug(tag: string, content?: any, traceId?: string): void;
  setOutputLevel(level: LogLevel): void;
  createTraceId(): string;
}
export interface PluginContext {
  createLogger(tag: string, type?: string): ILogger;
  getAppkey(): string;
  ondestroy: (() => void) | null;
}
export interface RuntimeInfo { tag: string }
export interface IPluginGenerator<T, O> {
  tag: string;
  verify(runtime: RuntimeInfo): boolean;
  setup(context: PluginContext, runtime: RuntimeInfo, options: O): T | null;
}
export const VersionManage: { add(name: string, version: string): void };
