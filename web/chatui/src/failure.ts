/** A failure of the engine, to be shown. */
export class ChatError extends Error {
  /** @param code the engine's code */
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** What a call of the engine answers. */
type Outcome<T> = Promise<{ isOk: boolean; code: number; data?: T; msg?: string }>;

/** The data of a call that succeeded; else throws a {@link ChatError}. */
export async function succeed<T>(call: Outcome<T>): Promise<T> {
  const result = await call;
  if (!result.isOk) throw new ChatError(result.code, result.msg ?? '');
  return result.data as T;
}
