/** A title that is watched, as its form holds it, and what of it is sent: only what was changed. */
import type { Credit, Title } from '$lib/api/types';
import type { WatchedKind } from './kinds';

export const roles = [
  'director',
  'writer',
  'cast',
  'author',
  'artist',
  'composer',
  'producer',
  'studio',
  'translator'
] as const satisfies readonly Credit['role'][];

export interface CreditRow {
  /** Rows are moved and removed: their place names none of them. */
  key: number;
  role: Credit['role'];
  name: string;
  part: string;
  /** Who it was when the form was opened; another name is another person. */
  known: { id: number; name: string } | null;
}

export interface AliasRow {
  key: number;
  name: string;
  language: string;
}

export interface TitleDraft {
  name: string;
  original_name: string;
  original_language: string;
  status: Title['status'];
  content_rating: Title['content_rating'];
  year: number | null;
  duration_minutes: number | null;
  season_count: number | null;
  length: number | null;
  genres: string[];
  tags: string[];
  synopsis: Record<string, string>;
  aliases: AliasRow[];
  credits: CreditRow[];
  /** An address in each line. */
  trailers: string;
  site_url: string;
}

let lastKey = 0;

export function newKey(): number {
  lastKey += 1;
  return lastKey;
}

export function draftOf(kind: WatchedKind, title?: Title): TitleDraft {
  return {
    name: title?.name ?? '',
    original_name: title?.original_name ?? '',
    original_language: title?.original_language ?? '',
    status: title?.status ?? (kind === 'movie' ? 'completed' : 'ongoing'),
    content_rating: title?.content_rating ?? 'safe',
    year: title?.year ?? null,
    duration_minutes: title?.duration_minutes ?? null,
    season_count: title?.season_count ?? null,
    length: title?.length ?? null,
    genres: title?.genres.map(({ slug }) => slug) ?? [],
    tags: title?.tags.map(({ slug }) => slug) ?? [],
    synopsis: { ...title?.synopsis },
    aliases: title?.aliases.map(({ name, language }) => ({ key: newKey(), name, language })) ?? [],
    credits:
      title?.credits.map(({ role, part, person }) => ({
        ...{ key: newKey(), role, part, name: person.name },
        known: { id: person.id, name: person.name }
      })) ?? [],
    trailers: title?.trailers.map(({ url }) => url).join('\n') ?? '',
    site_url: title?.site_url ?? ''
  };
}

/** What the API takes; rows that were left empty are none. */
export function factsOf(kind: WatchedKind, draft: TitleDraft): Record<string, unknown> {
  const { season_count, length, trailers, aliases, credits, synopsis, ...others } = draft;
  const filled = Object.entries(synopsis).map(([language, text]) => [language, text.trim()]);
  return {
    ...others,
    name: draft.name.trim(),
    original_name: draft.original_name.trim(),
    site_url: draft.site_url.trim(),
    ...(kind !== 'movie' && { season_count, length }),
    synopsis: Object.fromEntries(filled.filter(([, text]) => text)),
    aliases: aliases
      .map(({ name, language }) => ({ name: name.trim(), language }))
      .filter(({ name }) => name),
    credits: credits
      .map(({ role, name, part, known }) => ({
        role,
        part: part.trim(),
        person: known?.name === name.trim() ? known.id : name.trim()
      }))
      .filter(({ person }) => person !== ''),
    trailers: trailers
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
  };
}

/** Those that differ: what somebody else changes meanwhile stays as they made it. */
export function changedFacts(
  before: Record<string, unknown>,
  after: Record<string, unknown>
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(after).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])
    )
  );
}

/** As the API reads a form: structures are JSON, and an empty field is no value. */
export function formOf(facts: Record<string, unknown>, poster: File | null | undefined): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(facts)) {
    const isPlain = typeof value === 'string' || typeof value === 'number';
    form.set(name, value === null ? '' : isPlain ? String(value) : JSON.stringify(value));
  }
  if (poster !== undefined) form.set('poster', poster ?? '');
  return form;
}
