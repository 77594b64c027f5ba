import { client } from './client.js';
import type { LogLevel } from './engine.js';
import { setLogLevel } from './engine.js';
import type { ConnectionStatus, NoDisturbTimeLevel } from './enums.js';
import type {
  ChannelHandler,
  ConnectionStatusHandler,
  GroupChannelHandler,
  MessageHandler,
  OpenChannelHandler,
  PushHandler,
  TagHandler,
  TranslateHandler,
  UserHandler,
  UserSettingsHandler,
} from './handlers.js';
import { registerMessageType } from './message/codec.js';
import type { CustomMessageRegistration } from './message/content.js';
import { NCCode } from './codes.js';
import { badArgument } from './not-available.js';
import type { EnablePushParams, PushState } from './push.js';
import { addPushHandler, disablePush, enablePush, pushState } from './push.js';
import { NCResult } from './result.js';
import type { ConnectParams, ConnectResult, InitParams } from './options.js';
import { TranslateModule } from './translate-module.js';
import { UserModule } from './user/user-module.js';

/** What the server offers to this app. */
export interface AppSettings {
  /** Whether voice messages can be transcribed. */
  isSpeechToTextEnabled: boolean;
  /** For how many minutes after sending a message can be edited; 0 when it cannot. */
  messageModifiableMinutes: number;
}

/** A daily time without notifications, on all of the user's devices. */
export interface NoDisturbTimeParams {
  /** When it begins, `HH:mm:ss`. */
  startTime: string;
  /** How many minutes it lasts, 1 to 1,439. */
  spanMinutes: number;
  /** What it lets through. */
  level: NoDisturbTimeLevel;
  /** The time zone of `startTime`, such as `Europe/Berlin`; the device's by default. */
  timezone?: string;
}

/** The SDK's entry: initialise it, register handlers, connect. All members are static. */
export class NCEngine {
  /** Blocklist, profiles, friends and subscriptions. */
  static readonly userModule: UserModule = /* @__PURE__ */ new UserModule(() => client);
  /** Translations. */
  static readonly translateModule: TranslateModule = /* @__PURE__ */ new TranslateModule();

  private constructor() {
    // There is one engine, and it is this class itself.
  }

  /** Takes up the app's key and the server's address. Call it once, before everything else. */
  static initialize(params: InitParams): void {
    client.initialize(params);
  }

  /** Logs in with a token from the app's server. After that the SDK reconnects by itself. */
  static connect(params: ConnectParams): Promise<NCResult<ConnectResult>> {
    return client.connect(params);
  }

  /** Logs out on this page. The connection stays for other tabs of the same user. */
  static disconnect(): Promise<NCResult> {
    return client.disconnect();
  }

  /** Ends everything; plugins are told. `initialize` begins anew. */
  static destroy(): void {
    client.destroy();
  }

  /** The connected user's id; empty before the first connecting. */
  static getCurrentUserId(): string {
    return client.userId;
  }

  /** How the connection stands. */
  static getConnectionStatus(): ConnectionStatus {
    return client.status;
  }

  /** Milliseconds by which the device's clock is ahead: the server's time is `Date.now() - delta`. */
  static getServerTimeDelta(): number {
    return client.clockDelta;
  }

  /** What the server offers to this app. Complete once connected. */
  static getAppSettings(): NCResult<AppSettings> {
    return NCResult.ok({ isSpeechToTextEnabled: false, messageModifiableMinutes: client.editMinutes });
  }

  /** Tells the SDK about message types of the app's own, before `connect`. */
  static registerCustomMessages(registrations: CustomMessageRegistration[]): NCResult {
    if (!Array.isArray(registrations)) return badArgument('registrations is not a list');
    for (const registration of registrations) {
      const fault = registerMessageType(registration);
      if (fault !== undefined) return badArgument(fault);
    }
    return NCResult.ok();
  }

  /** Sets how much is logged. */
  static setLogLevel(level: LogLevel): void {
    setLogLevel(level);
  }

  /** Sets the daily time without notifications. */
  static async setNoDisturbTime(params: NoDisturbTimeParams): Promise<NCResult> {
    if (!/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(params?.startTime)) return badArgument('startTime is not HH:mm:ss');
    if (!(params.spanMinutes >= 1 && params.spanMinutes <= 1_439)) return badArgument('spanMinutes is not 1 to 1439');
    const { startTime, spanMinutes, level, timezone } = params;
    const [hours = 0, minutes = 0, seconds = 0] = startTime.split(':').map(Number);
    const quietHours = {
      start: (hours * 60 + minutes) * 60 + seconds,
      minutes: spanMinutes,
      level,
      timezone: timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
    return (await client.request({ case: 'setPushSettings', value: { quietHours } })).wipe();
  }

  /** The daily time without notifications; no data when there is none. */
  static async getNoDisturbTime(): Promise<NCResult<NoDisturbTimeParams>> {
    const answer = await client.request({ case: 'getPushSettings', value: {} });
    if (!answer.isOk) return answer.wipe();
    if (answer.data?.case !== 'pushSettings') return NCResult.fail(NCCode.BAD_FRAME, 'the server did not answer as agreed');
    const { quietHours } = answer.data.value;
    if (quietHours === undefined) return NCResult.ok();
    const { start, minutes: spanMinutes, level, timezone } = quietHours;
    const startTime = [start / 3_600, (start / 60) % 60, start % 60].map((part) => String(Math.trunc(part)).padStart(2, '0')).join(':');
    return NCResult.ok({ startTime, spanMinutes, level, timezone });
  }

  /** Removes the daily time without notifications. */
  static async removeNoDisturbTime(): Promise<NCResult> {
    return (await client.request({ case: 'setPushSettings', value: { quietHours: { minutes: 0 } } })).wipe();
  }

  /**
   * Shows messages as notifications of this browser while no page of the app is connected, until `disconnect` or
   * {@link NCEngine.disablePush}. Asks the user, so call it from a click; and again at each start, when it asks nothing.
   *
   * @returns 50101 where the browser has no push, the app no credentials, or the user does not allow it
   */
  static enablePush(params: EnablePushParams = {}): Promise<NCResult> {
    return enablePush(params);
  }

  /** Ends the notifications of this browser. */
  static disablePush(): Promise<NCResult> {
    return disablePush();
  }

  /** How the notifications of this browser stand. */
  static getPushState(): Promise<NCResult<PushState>> {
    return pushState();
  }

  /** Hears when notifications are opened. A notification that opened this page is told to the first handler. */
  static addPushHandler(id: string, handler: PushHandler): void {
    addPushHandler(id, handler);
  }

  /** Hears no more. */
  static removePushHandler(id: string): void {
    client.handlers.push.delete(id);
  }

  /** Hears about the connection. A handler under the same id is replaced; so with all `add...Handler`. */
  static addConnectionStatusHandler(id: string, handler: ConnectionStatusHandler): void {
    client.handlers.connection.set(id, handler);
  }

  /** Hears no more. */
  static removeConnectionStatusHandler(id: string): void {
    client.handlers.connection.delete(id);
  }

  /** Hears about messages. */
  static addMessageHandler(id: string, handler: MessageHandler): void {
    client.handlers.message.set(id, handler);
  }

  /** Hears no more. */
  static removeMessageHandler(id: string): void {
    client.handlers.message.delete(id);
  }

  /** Hears about channels. */
  static addChannelHandler(id: string, handler: ChannelHandler): void {
    client.handlers.channel.set(id, handler);
  }

  /** Hears no more. */
  static removeChannelHandler(id: string): void {
    client.handlers.channel.delete(id);
  }

  /** Hears about users. */
  static addUserHandler(id: string, handler: UserHandler): void {
    client.handlers.user.set(id, handler);
  }

  /** Hears no more. */
  static removeUserHandler(id: string): void {
    client.handlers.user.delete(id);
  }

  /** Hears about groups. */
  static addGroupChannelHandler(id: string, handler: GroupChannelHandler): void {
    client.handlers.group.set(id, handler);
  }

  /** Hears no more. */
  static removeGroupChannelHandler(id: string): void {
    client.handlers.group.delete(id);
  }

  /** Hears about open channels. */
  static addOpenChannelHandler(id: string, handler: OpenChannelHandler): void {
    client.handlers.open.set(id, handler);
  }

  /** Hears no more. */
  static removeOpenChannelHandler(id: string): void {
    client.handlers.open.delete(id);
  }

  /** Hears about translations. */
  static addTranslateHandler(id: string, handler: TranslateHandler): void {
    client.handlers.translate.set(id, handler);
  }

  /** Hears no more. */
  static removeTranslateHandler(id: string): void {
    client.handlers.translate.delete(id);
  }

  /** Hears about tags. */
  static addTagHandler(id: string, handler: TagHandler): void {
    client.handlers.tag.set(id, handler);
  }

  /** Hears no more. */
  static removeTagHandler(id: string): void {
    client.handlers.tag.delete(id);
  }

  /** Hears about the user's settings. */
  static addUserSettingsHandler(id: string, handler: UserSettingsHandler): void {
    client.handlers.settings.set(id, handler);
  }

  /** Hears no more. */
  static removeUserSettingsHandler(id: string): void {
    client.handlers.settings.delete(id);
  }
}
