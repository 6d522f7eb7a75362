/** "Continue reading", from the account or from this browser, in one shape. */
import type { Cover, Reading } from '$lib/api/types';
import { lastPosition, type SeriesPositions } from './positions';

export interface Resume {
  slug: string;
  name: string;
  cover: Cover | null;
  chapter: { id: number; number: string | null };
  page: number;
  pageCount: number;
  isFinished: boolean;
  next: { id: number; number: string | null } | null;
  changedAt: string;
}

export function fromServer(row: Reading): Resume {
  return {
    slug: row.series.slug,
    name: row.series.name,
    cover: row.series.cover,
    chapter: row.chapter,
    page: row.page,
    pageCount: row.chapter.page_count,
    isFinished: row.finished_at !== null,
    next: row.next_chapter,
    changedAt: row.changed_at
  };
}

export function fromBrowser(record: SeriesPositions): Resume | null {
  const last = lastPosition(record);
  if (!last) return null;
  return {
    slug: record.series.slug,
    name: record.series.name,
    cover: record.series.cover,
    chapter: { id: last.chapter, number: last.number },
    page: last.page,
    pageCount: last.pageCount,
    isFinished: last.finishedAt !== null,
    next: record.next,
    changedAt: last.changedAt
  };
}

/** Newer local records win over the account's: they may not have been sent yet. Read stays read. */
export function mergeResumes(theirs: readonly Resume[], mine: readonly Resume[]): Resume[] {
  const bySlug = new Map<string, Resume>();
  for (const one of [...theirs, ...mine]) {
    const known = bySlug.get(one.slug);
    if (!known || Date.parse(one.changedAt) > Date.parse(known.changedAt)) {
      const wasRead = known?.chapter.id === one.chapter.id && known.isFinished;
      bySlug.set(one.slug, {
        ...one,
        cover: one.cover ?? known?.cover ?? null,
        isFinished: one.isFinished || wasRead
      });
    }
  }
  return [...bySlug.values()].sort((a, b) => Date.parse(b.changedAt) - Date.parse(a.changedAt));
}

/** What one press should open: the page they stopped at, or the next chapter when this one is read. */
export function targetOf(resume: Resume): { id: number; number: string | null } {
  return resume.isFinished && resume.next ? resume.next : resume.chapter;
}

/** Read to the end, with nothing after it. */
export function isUpToDate(resume: Resume): boolean {
  return resume.isFinished && resume.next === null;
}
