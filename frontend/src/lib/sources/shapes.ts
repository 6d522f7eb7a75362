/** What the API answers about sources, by short names. */
import type { Cover } from '$lib/api/types';

export interface SourceError {
  code: string;
  detail: string;
  /** When the source may be asked again, where that is known. */
  until?: string | null;
}

/** A title that was found: here, at sources, or both. */
export interface FoundTitle {
  title_id: number | null;
  slug: string | null;
  kind: string;
  name: string;
  names: Readonly<Record<string, string>>;
  year: number | null;
  format: string;
  cover: Cover | null;
  max_progress: number | null;
  site_url: string;
  external_ids: Readonly<Record<string, string>>;
  /** The best one outside, to add it by. */
  source: string | null;
  source_id: string | null;
  sources: readonly string[];
}

export interface FoundTitles {
  results: FoundTitle[];
  /** Names of the sources that have not answered yet. */
  pending: string[];
  errors?: Readonly<Record<string, SourceError>>;
  is_stale?: boolean;
}

export interface Source {
  name: string;
  label: string;
  site_url: string;
  kinds: string[];
  languages: string[];
  can: string[];
  credits: string;
  is_enabled: boolean;
  chapters_enabled: boolean;
  /** Its chapters go live without a review. */
  is_trusted?: boolean;
}

export interface SourceHour {
  at: string;
  calls: number;
  errors: number;
  limited: number;
  mean_ms: number | null;
}

export interface SourceState {
  name: string;
  label: string;
  site_url: string;
  state: string;
  since: string | null;
  until: string | null;
  last_error: { code: string; detail: string; at: string } | null;
  latency_ms: number | null;
  hours: SourceHour[];
}

/** Whose facts a title carries. */
export interface TitleSource {
  name: string;
  label: string;
  site_url: string;
  credits: string;
}

export interface Refreshed {
  changes: Readonly<Record<string, readonly [unknown, unknown]>>;
  kept: string[];
  refreshed_at: string | null;
  pending: boolean;
}

/** What is taken from a source for a series: once, or as long as it is followed. */
export interface Follow {
  id: number;
  source: string;
  source_id: string;
  title: string;
  languages: string[];
  from: string | null;
  to: string | null;
  is_following: boolean;
  state: string;
  checked_at: string | null;
  counts: Readonly<Record<string, number>>;
  error: SourceError | null;
}

export interface SourceChapter {
  id: number;
  number: string | null;
  volume: number | null;
  language: string;
  title: string;
  groups: string[];
  state: string;
  skip_reason: string;
  upload_id: number | null;
  site_url: string;
}
