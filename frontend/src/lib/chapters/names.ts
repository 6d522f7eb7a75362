/** How a chapter is called on the screen. */
import { t } from '$lib/i18n/i18n.svelte';

export function chapterName(chapter: { number: string | null }): string {
  return chapter.number === null
    ? t('chapter.oneshot')
    : t('chapter.number', { number: chapter.number });
}

/** With its title, where it has one: "Chapter 12: The well". */
export function chapterFullName(chapter: { number: string | null; title: string }): string {
  return chapter.title ? `${chapterName(chapter)}: ${chapter.title}` : chapterName(chapter);
}
