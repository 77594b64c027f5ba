import { client } from '../client.js';
import { DirectChannelIdentifier, SystemChannelIdentifier } from '../identifiers.js';
import { badArgument } from '../not-available.js';
import type { NCResult } from '../result.js';
import { BaseChannel } from './base.js';

/** The channel with one other user. */
export class DirectChannel extends BaseChannel {
  /** The channel with the user `id`. */
  constructor(id: string) {
    super(new DirectChannelIdentifier(id));
  }

  /** Shows the other side that a message of this type is being written. Repeat it about every 5 s. */
  async sendTypingStatus(messageType: string): Promise<NCResult> {
    if (typeof messageType !== 'string' || messageType === '') return badArgument('messageType is missing');
    const channel = { type: this.channelType as number, id: this.channelId };
    return (await client.request({ case: 'sendTyping', value: { channel, type: messageType } })).wipe();
  }
}

/** Notices of the app to the current user. */
export class SystemChannel extends BaseChannel {
  /** The channel of the sender `id`. */
  constructor(id: string) {
    super(new SystemChannelIdentifier(id));
  }
}
