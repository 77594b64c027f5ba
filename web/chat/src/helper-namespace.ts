import * as engine from './engine.js';
import * as helper from './helper.js';

/** Help with making and reading messages. */
export const Helper = {
  /** Kinds of files to upload. */
  FileType: engine.FileType,
  /** An upload by itself, without a message. */
  FileUploader: helper.FileUploader,
  /** A message on this device only. */
  createMessage: helper.createMessage,
  /** A picture, ready for `sendMediaMessage`. */
  createSendImageMessageParams: helper.createSendImageMessageParams,
  /** A moving picture, ready for `sendMediaMessage`. */
  createSendGIFMessageParams: helper.createSendGIFMessageParams,
  /** A file, ready for `sendMediaMessage`. */
  createSendFileMessageParams: helper.createSendFileMessageParams,
  /** A recording, ready for `sendMediaMessage`. */
  createSendHDVoiceMessageParams: helper.createSendHDVoiceMessageParams,
  /** A short video, ready for `sendMediaMessage`. */
  createSendShortVideoMessageParams: helper.createSendShortVideoMessageParams,
  /** A message as one of those inside a combined message. */
  wrapAsCombineMessageInfo: helper.wrapAsCombineMessageInfo,
  /** The messages inside a combined message. */
  unwrapCombineMessage: helper.unwrapCombineMessage,
  /** An answer that quotes a message. */
  wrapAsReferenceMessageContent: helper.wrapAsReferenceMessageContent,
  /** The message that an answer quotes. */
  unwrapReferenceMessage: helper.unwrapReferenceMessage,
} as const;

/** The types of {@link Helper}. An object and its types, because a bundler could not leave a namespace of modules out. */
export declare namespace Helper {
  /** Kinds of files to upload. */
  export type FileType = engine.FileType;
  /** An upload by itself, without a message. */
  export type FileUploader = helper.FileUploader;
  /** What to upload. */
  export type CreateFileUploaderParams = helper.CreateFileUploaderParams;
}
