/**
 * Client SDK for Nuncio: users, friends, blocklists and messages, in browsers and Node.
 *
 * ```ts
 * import { DirectChannel, MessageHandler, NCEngine, SendTextMessageParams } from '@nuncio/chat';
 *
 * NCEngine.initialize({ appKey: 'your app key', naviServer: 'https://im.example.com' });
 * NCEngine.addMessageHandler('log', new MessageHandler({
 *   onMessageReceived({ messages }) {
 *     for (const message of messages) console.log(message.senderUserId, message.content);
 *   },
 * }));
 * const login = await NCEngine.connect({ token: 'from your server' });
 * if (login.isOk) await new DirectChannel('bob').sendMessage(new SendTextMessageParams({ text: 'Hello' }));
 * ```
 *
 * @module
 */

export { NCEngine } from './ncengine.js';
export type { AppSettings, NoDisturbTimeParams } from './ncengine.js';
export type { ConnectParams, ConnectResult, InitParams, ReconnectPolicy, WebSocketConstructor } from './options.js';
export { NCResult } from './result.js';
export { NCCode } from './codes.js';
export type { Json } from './json.js';
export * from './enums.js';
export * from './identifiers.js';
export * from './channel/index.js';
export * from './handlers.js';
export * from './message/content.js';
export { Message } from './message/message.js';
export type { MessageField } from './message/message.js';
export * from './message/params.js';
export type { FileUpload, FileUploadHandler, FileUploadResult } from './message/upload.js';
export { Helper } from './helper-namespace.js';
export { FileUploader } from './helper.js';
export type { CreateFileUploaderParams } from './helper.js';
export type { HistoryPlace, LoadedPage, PageData } from './query.js';
export { PageQuery } from './query.js';
export { FriendApplicationsQuery, SubscribeQuery, UserModule } from './user/user-module.js';
export * from './user/types.js';
export type { EnablePushParams, PushState } from './push.js';
export { shownName } from './names.js';
export type { KnownNames } from './names.js';
export { TranslateModule } from './translate-module.js';
export { __install__ } from './plugin.js';
export { FileType, LogLevel, VersionManage } from './engine.js';
export type { ILogger, IPluginGenerator, PluginContext, RuntimeInfo } from './engine.js';
export { SDK_VERSION } from './version.js';
