/** Words about lists at AniList, put together. */
import type { JobItem, ScoreFormat } from '$lib/api/types';
import { counted, named, t } from '$lib/i18n/i18n.svelte';
import { written } from '$lib/library/history';

const found = ['added', 'changed', 'removed', 'conflicts', 'failed'] as const;

/** "3 added · 1 changed": what the last reading of the list has found. */
export function resultText(result: Record<string, unknown>): string {
  const parts = found
    .map((name) => [name, Number(result[name] ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => counted(`anilist.found.${name}`, count));
  return parts.join(' · ') || t('anilist.found.nothing');
}

export interface RowLine {
  field: string;
  from: string | null;
  to: string;
}

const arrow = ' → ';
const shownOnce = new Set(['title', 'tags']);

/** What an import says of a row: its fields, each with its value before where there was one. */
export function linesOfRow({ fields }: Pick<JobItem, 'fields'>, format: ScoreFormat): RowLine[] {
  return Object.entries(fields ?? {})
    .filter(([name]) => !shownOnce.has(name))
    .map(([name, [text = '']]) => {
      // In somebody's notes an arrow may be their own.
      const at = name === 'notes' ? -1 : text.indexOf(arrow);
      const [from, to] = at < 0 ? [null, text] : [text.slice(0, at), text.slice(at + arrow.length)];
      return {
        field: named('library.field', name),
        from: from === null ? null : spoken(name, from, format),
        to: spoken(name, to, format)
      };
    });
}

const none = '–';
const numbers = new Set(['progress', 'progress_volumes', 'score', 'repeats']);
const truths: Record<string, boolean> = { True: true, False: false };

/** The job keeps values as text. */
function spoken(name: string, text: string, format: ScoreFormat): string {
  if (text === none) return written(name, null, format);
  if (numbers.has(name)) return written(name, Number(text), format);
  return written(name, truths[text] ?? text, format);
}
