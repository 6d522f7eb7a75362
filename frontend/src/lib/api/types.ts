/** The nouns of the API by their short names, so that one file knows how the schema calls them. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Me = Schemas['MeShape'];
export type MeChange = Schemas['PatchedMeFormRequest'];
export type Profile = Schemas['ProfileShape'];
export type Device = Schemas['SessionShape'];
export type ApiKey = Schemas['KeyShape'];
export type SecondFactor = Schemas['SecondFactorShape'];
export type Enrolment = Schemas['EnrolmentShape'];
export type Rating = Schemas['RatingEnum'];
export type Report = Schemas['ReportShape'];
export type Reason = Schemas['ReasonEnum'];
export type SubjectType = Schemas['SubjectTypeEnum'];
export type Warning = Schemas['WarningShape'];
export type Cover = Schemas['CoverShape'];
export type TitleRow = Schemas['TitleRowShape'];
export type Trailer = {
  url: string;
  site: 'youtube' | 'vimeo' | 'rutube' | 'vk' | 'ok';
  id: string;
};
export type Screenshot = Cover & { id: number };
export type Title = Omit<Schemas['TitleShape'], 'credits' | 'trailers' | 'screenshots'> & {
  season_count: number | null;
  trailers: Trailer[];
  screenshots: Screenshot[];
  credits: (Schemas['CreditShape'] & { part: string })[];
};
export type SeriesDetail = Schemas['SeriesShape'];
export type Term = Schemas['NamesShape'];
export type ChapterRow = Schemas['ChapterRowShape'];
export type LatestRow = Schemas['LatestChapterShape'];
export type Chapter = Schemas['ChapterShape'];
export type Page = Schemas['PageShape'];
export type Progress = Schemas['ProgressShape'];
export type ProgressRow = Schemas['ProgressRowFormRequest'];
export type ProgressAnswer = Schemas['ProgressAnswerShape'];
export type Reading = Schemas['ReadingShape'];
export type Upload = Schemas['UploadRowShape'];
export type Quota = Schemas['QuotaShape'];
export type Site = Schemas['Site'];
export type ModerationSummary = Schemas['WaitingShape'];
export type ReadingDirection = TitleRow['reading_direction'];

/** How somebody sees their scores. */
export type ScoreFormat = 'stars5' | 'points10' | 'decimal10' | 'points100';

export interface LibraryItem {
  id: number;
  title: string;
  title_id: number;
  slug: string;
  names: Record<string, string>;
  original_name: string;
  type: string;
  year: number | null;
  cover: Cover | null;
  cover_url: string;
  title_status: string;
  moderation: string;
  status: 'planning' | 'current' | 'completed' | 'paused' | 'dropped' | 'repeating';
  unit: 'chapters' | 'episodes' | 'minutes';
  progress: number;
  progress_volumes: number;
  max_progress: number | null;
  has_own_max: boolean;
  score: number | null;
  favourite: boolean;
  notes: string;
  private: boolean;
  started_on: string | null;
  finished_on: string | null;
  repeats: number;
  tags: string[];
  source: string;
  unread_count: number | null;
  next_chapter: {
    id: number;
    number: string | null;
    volume: number | null;
    language: string;
    title: string;
  } | null;
  created_at: string;
  updated_at: string;
}

export interface LibraryChange {
  id: number;
  title: { id: number; slug: string; type: string; name: string; names: Record<string, string> };
  at: string;
  origin: string;
  changes: Record<string, [unknown, unknown]>;
  undone_at: string | null;
}
export interface LibraryTag {
  id: number;
  name: string;
  count: number;
}
export interface LibraryList {
  id: number;
  name: string;
  description: string;
  slug: string;
  public: boolean;
  count: number;
  has_title?: boolean | null;
  updated_at: string;
}
export interface LibrarySettings {
  score_format: ScoreFormat;
  start_on_progress: boolean;
  complete_on_last: boolean;
  follow_reading: boolean;
  count_repeats: boolean;
  add_when_read: boolean;
}
export interface LibrarySummary {
  total: number;
  by_status: Record<LibraryItem['status'], number>;
  by_type: Record<string, number>;
  favourites: number;
  unread: number;
  progress: Record<string, number>;
}
export interface Job {
  id: number;
  kind: string;
  state: string;
  done: number;
  total: number;
  outcome: { done?: number; skipped?: number; failed?: number };
  can_undo: boolean;
  undo_until: string | null;
  undone_at: string | null;
}

/** One page of any list. */
export interface Batch<Row> {
  results: Row[];
  next: string | null;
  count?: number;
}
