import { NCCode } from './codes.js';
import { ChannelType } from './enums.js';
import type { ChannelIdentifier } from './identifiers.js';
import { NCResult } from './result.js';

/** The answer of calls that have nothing behind them yet. */
export function notAvailable<T = never>(what: string): Promise<NCResult<T>> {
  return Promise.resolve(NCResult.fail<T>(NCCode.NOT_AVAILABLE, `${what}: not available on this server`));
}

/** The answer to an argument that cannot be right. */
export function badArgument<T = never>(sentence: string): NCResult<T> {
  return NCResult.fail<T>(NCCode.BAD_ARGUMENT, sentence);
}

/** The answer for channels of a kind that there are no calls for; `undefined` for the others. */
export function channelFault(identifier: ChannelIdentifier): NCResult<never> | undefined {
  const { channelType, channelId } = identifier;
  if (typeof channelId !== 'string' || channelId === '') return NCResult.fail(34210, 'the channel id is empty');
  const served = [ChannelType.DIRECT, ChannelType.GROUP, ChannelType.SYSTEM];
  if (served.includes(channelType)) return undefined;
  const kind = ChannelType[channelType]?.toLowerCase() ?? String(channelType);
  return NCResult.fail(NCCode.NOT_AVAILABLE, `${kind} channels: not available on this server`);
}
