/** Calls back when an element comes near the screen: the end of an endless list. */
import type { Attachment } from 'svelte/attachments';

export function whenNear(callback: () => void, margin = '800px'): Attachment {
  return (element) => {
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && callback(),
      { rootMargin: margin }
    );
    observer.observe(element);
    return () => observer.disconnect();
  };
}
