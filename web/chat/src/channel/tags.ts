/**
 * Tags by which a user sorts channels, on all of the user's devices.
 *
 * @module
 */

import { client } from '../client.js';
import { NCCode } from '../codes.js';
import type { RequestInit } from '../core/api.js';
import { channelOfKey, keyOfChannel } from '../core/records.js';
import type { ChannelIdentifier } from '../identifiers.js';
import { channelKey, identifierOf } from '../identifiers.js';
import { badArgument } from '../not-available.js';
import { NCResult } from '../result.js';

/** A tag of the user's. */
export interface ChannelTagInfo {
  /** 1 to 10 characters. */
  tagId: string;
  /** 1 to 15 characters. */
  tagName: string;
  /** When it was made, Unix time in milliseconds. */
  createTime?: number;
}

const isIdList = (ids: unknown): ids is string[] => Array.isArray(ids) && ids.length > 0 && ids.every((id) => typeof id === 'string' && id !== '');
const badIds = (): NCResult<never> => badArgument('tagIds is not a list of tag ids');

async function done(body: RequestInit): Promise<NCResult> {
  return (await client.request(body)).wipe();
}

/** See `BaseChannel.setChannelTags`. */
export async function setTags(tags: readonly ChannelTagInfo[]): Promise<NCResult> {
  if (!Array.isArray(tags) || tags.length === 0) return badArgument('tags is not a list of tags');
  return done({ case: 'setChannelTags', value: { tags: tags.map(({ tagId, tagName }) => ({ id: tagId, name: tagName })) } });
}

/** See `BaseChannel.removeChannelTags`. */
export async function removeTags(tagIds: readonly string[]): Promise<NCResult> {
  return isIdList(tagIds) ? done({ case: 'removeChannelTags', value: { tagIds: [...tagIds] } }) : badIds();
}

/** The user's tags, or those that a channel is under. */
export async function tags(identifier?: ChannelIdentifier): Promise<NCResult<ChannelTagInfo[]>> {
  const value = identifier === undefined ? {} : { channel: channelOfKey(channelKey(identifier)) };
  const answer = await client.request({ case: 'getChannelTags', value });
  if (!answer.isOk) return answer.wipe();
  if (answer.data?.case !== 'channelTags') return NCResult.fail(NCCode.BAD_FRAME, 'the server did not answer as agreed');
  return NCResult.ok(answer.data.value.tags.map(({ id, name, createdAt }) => ({ tagId: id, tagName: name, createTime: Number(createdAt) })));
}

/** The channels under a tag. */
export async function tagged(tagId: string): Promise<NCResult<ChannelIdentifier[]>> {
  const answer = await client.request({ case: 'getTaggedChannels', value: { tagId } });
  if (!answer.isOk) return answer.wipe();
  if (answer.data?.case !== 'taggedChannels') return NCResult.fail(NCCode.BAD_FRAME, 'the server did not answer as agreed');
  return NCResult.ok(answer.data.value.channels.map((channel) => identifierOf(keyOfChannel(channel))));
}

/** Puts a channel under tags, or takes it from under them; stops at the first that fails. */
export async function tag(identifier: ChannelIdentifier, tagIds: readonly string[], under: boolean): Promise<NCResult> {
  if (!isIdList(tagIds)) return badIds();
  const channels = [channelOfKey(channelKey(identifier))];
  for (const tagId of tagIds) {
    const value = under ? { tagId, add: channels } : { tagId, remove: channels };
    const answer = await done({ case: 'setTaggedChannels', value });
    if (!answer.isOk) return answer;
  }
  return NCResult.ok();
}
