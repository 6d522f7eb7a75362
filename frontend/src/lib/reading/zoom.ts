/** Zooming into a page by touch, wheel or double tap, around the point that was meant. */
import { flushSync } from 'svelte';
import type { Attachment } from 'svelte/attachments';

export const maxZoom = 4;
/** What a double tap zooms to. */
export const tapZoom = 2;

/** A zoom within its bounds; what is hardly larger than the page is the page. */
export function boundZoom(zoom: number): number {
  const bound = Math.min(maxZoom, Math.max(1, zoom));
  return bound < 1.05 ? 1 : bound;
}

/**
 * Lets `apply` change the size of `content`, and scrolls `pane` so that what was under the point
 * stays under it.
 */
export function keepUnder(
  point: { x: number; y: number },
  pane: Element,
  content: Element,
  apply: () => void
): void {
  const before = content.getBoundingClientRect();
  const across = (point.x - before.left) / Math.max(1, before.width);
  const down = (point.y - before.top) / Math.max(1, before.height);
  flushSync(apply);
  const after = content.getBoundingClientRect();
  pane.scrollLeft += after.left + across * after.width - point.x;
  pane.scrollTop += after.top + down * after.height - point.y;
}

interface Zooming {
  /** The zoom as it is now. */
  current: () => number;
  onzoom: (zoom: number, point: { x: number; y: number }) => void;
}

/**
 * Two fingers, or the wheel with Ctrl, which is also what a trackpad's pinch sends. The browser's own
 * pinch would enlarge the bars too, so that it is kept from these.
 */
export function pinchToZoom({ current, onzoom }: Zooming): Attachment {
  return (element) => {
    let start: { distance: number; zoom: number } | null = null;

    const read = ({ touches: [one, other] }: TouchEvent) =>
      one &&
      other && {
        distance: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY),
        point: { x: (one.clientX + other.clientX) / 2, y: (one.clientY + other.clientY) / 2 }
      };

    const onTouch = (event: TouchEvent) => {
      const fingers = event.touches.length === 2 ? read(event) : undefined;
      if (!fingers) {
        start = null;
        return;
      }
      if (event.cancelable) event.preventDefault();
      start ??= { distance: Math.max(1, fingers.distance), zoom: current() };
      onzoom(boundZoom((start.zoom * fingers.distance) / start.distance), fingers.point);
    };
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const point = { x: event.clientX, y: event.clientY };
      onzoom(boundZoom(current() * Math.exp(-event.deltaY / 200)), point);
    };
    const listeners = [
      ...(['touchstart', 'touchmove', 'touchend', 'touchcancel'] as const).map(
        (name) => [name, onTouch] as const
      ),
      ['wheel', onWheel] as const
    ];
    // Not passive: what is handled here must not reach the browser's own zoom.
    for (const [name, listener] of listeners)
      element.addEventListener(name, listener as EventListener, { passive: false });
    return () => {
      for (const [name, listener] of listeners)
        element.removeEventListener(name, listener as EventListener);
    };
  };
}
