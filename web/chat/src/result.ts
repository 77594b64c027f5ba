import type { Json } from './json.js';

/** The answer of every asynchronous call: calls resolve with one of these and do not reject. */
export class NCResult<T = void> {
  /** 0 on success, else a number from {@link NCCode} or from the server's table of codes. */
  readonly code: number;
  /** The payload. A failed result may carry data too, such as the names of refused profile keys. */
  readonly data?: T;
  /** A sentence for developers that says what to mend. */
  readonly msg?: string;
  /** Whether the call did what it was asked to. */
  readonly isOk: boolean;

  /** Prefer {@link NCResult.ok} and {@link NCResult.fail}. */
  constructor(code: number, data?: T, msg?: string) {
    this.code = code;
    this.isOk = code === 0;
    if (data !== undefined) this.data = data;
    if (msg !== undefined) this.msg = msg;
  }

  /** A success. */
  static ok<T = void>(data?: T): NCResult<T> {
    return new NCResult<T>(0, data);
  }

  /** A failure. */
  static fail<T = Json>(code: number, msg?: string, data?: T): NCResult<T> {
    return new NCResult<T>(code, data, msg);
  }

  /** The same code and sentence without the data, to be handed on as the answer of another call. */
  wipe<R = Json>(): NCResult<R> {
    return new NCResult<R>(this.code, undefined, this.msg);
  }
}
