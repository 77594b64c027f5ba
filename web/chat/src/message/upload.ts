import type { FileType } from '../engine.js';

/** What to upload. */
export interface FileUpload {
  /** The file. */
  file: File;
  /** Its kind. */
  fileType: FileType;
  /** `attachment` when a browser is to save it rather than show it. */
  contentDisposition?: string;
  /** Tell it how far the upload has come, in bytes. */
  onProgress: (loaded: number, total: number) => void;
  /** Aborted when the upload is to stop. */
  signal: AbortSignal;
}

/** Where an uploaded file is. */
export interface FileUploadResult {
  /** Its URL, which others can read. */
  downloadUrl: string;
}

/** Uploads files to wherever the app keeps them, and answers the URL that others read them by. */
export type FileUploadHandler = (upload: FileUpload) => Promise<FileUploadResult>;
