/**
 * What a page can tell about pictures and videos before they are uploaded.
 *
 * @module
 */

/** The longer side of a thumbnail in pixels. */
const THUMBNAIL = 240;

/** A picture's size and thumbnail. */
export interface Preview {
  width: number;
  height: number;
  /** Size of the thumbnail. */
  thumbnailWidth: number;
  thumbnailHeight: number;
  /** A JPEG in base64; empty where the platform cannot draw. */
  thumbnailBase64: string;
}

const NOTHING: Preview = { width: 0, height: 0, thumbnailWidth: 0, thumbnailHeight: 0, thumbnailBase64: '' };

/** Looks at a picture. Outside a browser nothing is known of it. */
export async function previewOf(file: Blob): Promise<Preview> {
  if (typeof createImageBitmap !== 'function') return NOTHING;
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    const scale = Math.min(1, THUMBNAIL / Math.max(width, height, 1));
    const thumbnailWidth = Math.max(1, Math.round(width * scale));
    const thumbnailHeight = Math.max(1, Math.round(height * scale));
    const thumbnailBase64 = await jpeg(bitmap, thumbnailWidth, thumbnailHeight);
    bitmap.close();
    return { width, height, thumbnailWidth, thumbnailHeight, thumbnailBase64 };
  } catch {
    return NOTHING; // A format that the browser cannot read can be sent all the same.
  }
}

async function jpeg(bitmap: ImageBitmap, width: number, height: number): Promise<string> {
  if (typeof OffscreenCanvas !== 'function') return '';
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, width, height);
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.6 });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
