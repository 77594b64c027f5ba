import type {
  FriendApplicationStatus,
  FriendApplicationType,
  FriendRelationType,
  SubscribeType,
  UserGender,
} from '../enums.js';

/** A user's hosted profile. */
export interface UserProfile {
  /** Whose it is; not needed when updating one's own. */
  userId?: string;
  /** Name, at most 64 characters. */
  name?: string;
  /** Avatar: an http(s) URL of at most 1,024 bytes. */
  portraitUri?: string;
  /** Pairs of the app's own; keys begin with `ext_`. */
  extProfile?: Record<string, string>;
  /** The app's own number for the user. */
  uniqueId?: string;
  /** Email, at most 128 characters. */
  email?: string;
  /** Birthday, at most 32 characters. */
  birthday?: string;
  /** Gender. */
  gender?: UserGender;
  /** Place, at most 32 characters. */
  location?: string;
  /** The app's own number, 0 to 100. */
  role?: number;
  /** The app's own number, 0 to 100. */
  level?: number;
}

/** What became of a change of profile data. */
export interface ProfileChangeResult {
  /** The members that were refused. */
  errorKeys?: string[];
}

/** A friend. */
export interface FriendInfo {
  /** Who. */
  userId: string;
  /** The name of their profile. */
  name: string;
  /** Their avatar's URL. */
  portraitUri: string;
  /** What the current user calls them; empty when nothing. */
  remark: string;
  /** Pairs that the current user keeps about them. */
  extProfile: Record<string, string>;
  /** Since when, Unix time in milliseconds. */
  addTime: number;
}

/** Whether a user is a friend. */
export interface FriendRelationInfo {
  /** Who. */
  userId: string;
  /** Who has whom as a friend. */
  relation: FriendRelationType;
  /** Another spelling of {@link FriendRelationInfo.relation}. */
  relationType: FriendRelationType;
}

/** A request to become friends, seen from the current user's side. */
export interface FriendApplicationInfo {
  /** The other user. */
  userId: string;
  /** Their name. */
  name: string;
  /** Their avatar's URL. */
  portraitUri: string;
  /** Who asked. */
  applicationType: FriendApplicationType;
  /** How it stands. */
  applicationStatus: FriendApplicationStatus;
  /** When it was made or answered, Unix time in milliseconds. */
  operationTime: number;
  /** What accompanied it. */
  extra: string;
}

/** Whom to ask. */
export interface AddFriendParams {
  /** Who. */
  userId: string;
  /** Shown to them, at most 128 characters. */
  extra?: string;
}

/** What became of asking. */
export interface AddFriendResult {
  /** 0: friends from now on. 25461: the request was sent and waits for consent. */
  processCode: number;
}

/** Which friend requests to list. */
export interface FriendApplicationsQueryParams {
  /** Empty means both. */
  applicationTypes?: FriendApplicationType[];
  /** Empty means all. */
  applicationStatuses?: FriendApplicationStatus[];
  /** Another spelling of {@link FriendApplicationsQueryParams.applicationStatuses}. */
  applicationStatus?: FriendApplicationStatus[];
  /** 1 to 100; 20 by default. */
  pageSize?: number;
  /** Oldest first. */
  isAscending?: boolean;
}

/** What to change about a friend. */
export interface SetFriendInfoParams {
  /** Which friend. */
  userId: string;
  /** What to call them, at most 64 characters; empty clears it. */
  remark?: string;
  /** Pairs to keep about them; replaces those before. */
  extProfile?: Record<string, string>;
}

/** What to subscribe to. */
export interface SubscribeEventParams {
  /** Whose state; at most 200 users. */
  userIds: string[];
  /** Which state. */
  subscribeType: SubscribeType;
  /** Seconds for which it holds, 60 to 2,592,000; the longest by default. */
  expiry?: number;
}

/** What to unsubscribe from. */
export interface UnsubscribeEventParams {
  /** Whose state; at most 200 users. */
  userIds: string[];
  /** Which state. */
  subscribeType: SubscribeType;
}

/** Which subscriptions to list. */
export interface SubscribeQueryParams {
  /** Which state. */
  subscribeType: SubscribeType;
  /** 1 to 200; 20 by default. */
  pageSize?: number;
}

/** A part of a subscribed state. */
export interface SubscribeStatusDetail {
  /** For the online status: 1 online, 0 not. */
  eventValue: number;
  /** When it changed, Unix time in milliseconds. */
  changeTime: number;
  /** Where: `ios`, `android`, `web`, `pc`, ... */
  platform: string;
}

/** A subscribed state. */
export interface SubscribeStatusInfo {
  /** Whose. */
  userId: string;
  /** Which. */
  subscribeType: SubscribeType;
  /** When it was subscribed to, Unix time in milliseconds; 0 when not known. */
  subscribeTime: number;
  /** Seconds for which the subscription holds; 0 when not known. */
  expiry: number;
  /** For profiles: the profile. */
  userProfile?: UserProfile;
  /** For the online status: online when any of these has the value 1. */
  details: SubscribeStatusDetail[];
}
