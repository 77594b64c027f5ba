import { ChannelType } from './enums.js';

/** Names a channel. Two identifiers are equal when {@link ChannelIdentifier.isEqualTo} says so. */
export class ChannelIdentifier {
  /** The channel's kind. */
  readonly channelType: ChannelType;
  /** The channel's id; of a direct channel, the other user's id. */
  readonly channelId: string;

  /** An identifier from its two parts. */
  constructor(channelType: ChannelType, channelId: string) {
    this.channelType = channelType;
    this.channelId = channelId;
  }

  /** Whether both name the same channel. */
  isEqualTo(other: ChannelIdentifier): boolean {
    return (
      other instanceof ChannelIdentifier &&
      this.channelType === other.channelType &&
      this.channelId === other.channelId &&
      subChannelOf(this) === subChannelOf(other)
    );
  }
}

/** Names a direct channel by the other user's id. */
export class DirectChannelIdentifier extends ChannelIdentifier {
  /** The channel with this user. */
  constructor(id: string) {
    super(ChannelType.DIRECT, id);
  }
}

/** Names a group channel. */
export class GroupChannelIdentifier extends ChannelIdentifier {
  /** The channel of this group. */
  constructor(id: string) {
    super(ChannelType.GROUP, id);
  }
}

/** Names a system channel. */
export class SystemChannelIdentifier extends ChannelIdentifier {
  /** The channel of this sender of notices. */
  constructor(id: string) {
    super(ChannelType.SYSTEM, id);
  }
}

/** Names an open channel. */
export class OpenChannelIdentifier extends ChannelIdentifier {
  /** The open channel with this id. */
  constructor(id: string) {
    super(ChannelType.OPEN, id);
  }
}

/** Names a community channel. */
export class CommunityChannelIdentifier extends ChannelIdentifier {
  /** The community with this id. */
  constructor(id: string) {
    super(ChannelType.COMMUNITY, id);
  }
}

/** Names a subchannel of a community. */
export class CommunitySubChannelIdentifier extends ChannelIdentifier {
  /** The subchannel's id inside the community. */
  readonly subChannelId: string;

  /** The subchannel `subChannelId` of the community `id`. */
  constructor(id: string, subChannelId: string) {
    super(ChannelType.COMMUNITY, id);
    this.subChannelId = subChannelId;
  }
}

function subChannelOf(identifier: ChannelIdentifier): string {
  return identifier instanceof CommunitySubChannelIdentifier ? identifier.subChannelId : '';
}

/** The text under which the store files a channel, such as `1:alice`. */
export function channelKey(identifier: ChannelIdentifier): string {
  const sub = subChannelOf(identifier);
  return `${identifier.channelType}:${identifier.channelId}${sub === '' ? '' : `:${sub}`}`;
}

/** The identifier that {@link channelKey} made this text of. User and group ids hold no colon. */
export function identifierOf(key: string): ChannelIdentifier {
  const [type, id = '', sub] = key.split(':');
  switch (Number(type)) {
    case ChannelType.DIRECT:
      return new DirectChannelIdentifier(id);
    case ChannelType.GROUP:
      return new GroupChannelIdentifier(id);
    case ChannelType.SYSTEM:
      return new SystemChannelIdentifier(id);
    case ChannelType.OPEN:
      return new OpenChannelIdentifier(id);
    case ChannelType.COMMUNITY:
      return sub === undefined ? new CommunityChannelIdentifier(id) : new CommunitySubChannelIdentifier(id, sub);
    default:
      return new ChannelIdentifier(Number(type), id);
  }
}
