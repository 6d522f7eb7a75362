/**
 * Draws a page's picture on a canvas, in the size in which it is seen. Browsers keep what they decoded
 * of an <img> long after it is gone (Chromium up to 500 MB, in full size); a canvas goes with its page.
 */
import type { Attachment } from 'svelte/attachments';

/** While somebody pinches, the canvas is stretched; it is drawn anew when it has stood still. */
const stillMs = 120;

/** `onfail` is called where this browser cannot do it: then the image has to be shown itself. */
export function drawnFrom(
  image: HTMLImageElement,
  onfail: () => void
): Attachment<HTMLCanvasElement> {
  return (canvas) => {
    let isGone = false;
    let drawnWidth = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const draw = async () => {
      const { naturalWidth, naturalHeight } = image;
      const width = Math.min(naturalWidth, Math.round(canvas.clientWidth * devicePixelRatio));
      if (isGone || width === 0 || width === drawnWidth) return;
      const height = Math.max(1, Math.round((width * naturalHeight) / naturalWidth));
      try {
        const size = { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' } as const;
        const bitmap = await createImageBitmap(image, size);
        if (isGone) bitmap.close();
        else {
          drawnWidth = width;
          canvas.width = width;
          canvas.height = height;
          canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
        }
      } catch {
        if (!isGone) onfail();
      }
    };
    void draw();
    const observer = new ResizeObserver(() => {
      clearTimeout(timer);
      timer = setTimeout(() => void draw(), stillMs);
    });
    observer.observe(canvas);
    return () => {
      isGone = true;
      clearTimeout(timer);
      observer.disconnect();
      // Its memory goes now, not when the element is collected.
      canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(null);
      canvas.width = canvas.height = 0;
    };
  };
}
