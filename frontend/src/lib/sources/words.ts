/** Words about sources, put together. */
import { counted, named, say, t } from '$lib/i18n/i18n.svelte';
import type { TextKey } from '$lib/i18n/catalogue';
import type { IconName } from '$lib/ui/Icon.svelte';

/** Why a source has not answered, as several answers say it. */
export interface SourceError {
  code: string;
  detail: string;
  /** When the source is asked again, where that is known. */
  until?: string | null;
}

/** The catalogue of this site, as answers name it among the sources. */
export const here = 'mangakg';

/** Sources whose names everybody knows before the server has told them. */
const labels: Readonly<Record<string, string>> = {
  anilist: 'AniList',
  mal: 'MyAnimeList',
  mangadex: 'MangaDex',
  kitsu: 'Kitsu',
  mangaupdates: 'MangaUpdates'
};

export type Labels = Readonly<Record<string, string>>;

export function labelOf(source: string, told: Labels = {}): string {
  return source === here ? t('sources.here') : (told[source] ?? labels[source] ?? source);
}

const limited = new Set(['source_limited', 'limited', 'throttled']);
const known = new Set(['source_down', 'source_off', 'source_unreadable', 'not_found']);

/** What a source's failure means to somebody who waits for it. */
export function errorText(label: string, { code, detail, until }: SourceError): string {
  if (limited.has(code)) {
    return until
      ? t('sources.error.limited.until', { source: label, time: say.time(until) })
      : t('sources.error.limited', { source: label });
  }
  if (code === 'source_down' && until) {
    return t('sources.error.down.until', { source: label, time: say.time(until) });
  }
  if (known.has(code)) return t(`sources.error.${code}` as TextKey, { source: label });
  return detail ? `${label}: ${detail}` : t('sources.error.source_down', { source: label });
}

export interface Look {
  icon: IconName;
  /** The class of its colour; the word beside it says the same. */
  tone: string;
}

const looks: Readonly<Record<string, Look>> = {
  up: { icon: 'done', tone: 'text-good' },
  slow: { icon: 'clock', tone: 'text-warn' },
  limited: { icon: 'clock', tone: 'text-warn' },
  down: { icon: 'warn', tone: 'text-bad' },
  off: { icon: 'close', tone: 'text-soft' },
  unused: { icon: 'open', tone: 'text-soft' }
};
const unknown: Look = { icon: 'open', tone: 'text-soft' };

export function lookOf(state: string): Look {
  return looks[state] ?? unknown;
}

const chapterLooks: Readonly<Record<string, Look>> = {
  waiting: { icon: 'clock', tone: 'text-soft' },
  fetching: { icon: 'down', tone: 'text-warn' },
  in_review: { icon: 'eye', tone: 'text-warn' },
  live: { icon: 'done', tone: 'text-good' },
  skipped: { icon: 'minus', tone: 'text-soft' },
  failed: { icon: 'warn', tone: 'text-bad' }
};

export function chapterLook(state: string): Look {
  return chapterLooks[state] ?? unknown;
}

/** What a source took to answer. */
export function secondsText(milliseconds: number): string {
  if (milliseconds < 1000) return t('sources.milliseconds', { count: say.number(milliseconds) });
  const seconds = milliseconds / 1000;
  return t('sources.seconds', { seconds: say.number(seconds, seconds < 10 ? 1 : 0) });
}

function lengthText(kind: string, max: number): string {
  return kind === 'movie'
    ? counted('count.minutes', max)
    : t('sources.of', { max: say.number(max) });
}

/** A format that only repeats the kind tells nothing; one that we have no word for is told as it is. */
function formatText(format: string, kind: string): string {
  const word = format.toLowerCase().replaceAll(/[ -]/g, '_');
  if (word === kind) return '';
  const text = named('sources.format', word);
  return text === word ? format : text;
}

/** "Manga · 1997 · TV short · of 27": what tells two of one name apart. */
export function factsText(found: {
  kind: string;
  year: number | null;
  format: string;
  max_progress: number | null;
}): string {
  const { kind, year, format, max_progress: max } = found;
  const facts = [
    named('kind', kind),
    year,
    formatText(format, kind),
    max ? lengthText(kind, max) : ''
  ];
  return facts.filter(Boolean).join(' · ');
}
