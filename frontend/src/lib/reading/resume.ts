/** "Continue reading", from the account or from this browser, in one shape. */
import type { Cover, Reading } from '$lib/api/types';
import { isAtEnd, lastPosition, type SeriesPositions } from './positions';

export interface Resume {
  slug: string;
  name: string;
  names: Readonly<Record<string, string>>;
  cover: Cover | null;
  chapter: { id: number; number: string | null };
  page: number;
  pageCount: number;
  /** Read to its end, and not begun anew after that. */
  isAtEnd: boolean;
  /** The server has not confirmed it yet. */
  isPending: boolean;
  next: { id: number; number: string | null } | null;
  changedAt: string;
}

export function fromServer(row: Reading): Resume {
  return {
    slug: row.series.slug,
    name: row.series.name,
    names: row.series.names,
    cover: row.series.cover,
    chapter: row.chapter,
    page: row.page,
    pageCount: row.chapter.page_count,
    isAtEnd: isAtEnd(
      { ...row, finishedAt: row.finished_at, changedAt: row.changed_at },
      row.chapter.page_count
    ),
    isPending: false,
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
    names: record.series.names ?? {},
    cover: record.series.cover,
    chapter: { id: last.chapter, number: last.number },
    page: last.page,
    pageCount: last.pageCount,
    isAtEnd: isAtEnd(last, last.pageCount),
    isPending: Object.values(record.chapters).some((one) => one.pending),
    next: record.next,
    changedAt: last.changedAt
  };
}

/** Newer local records win over the account's: they may not have been sent yet. */
export function mergeResumes(theirs: readonly Resume[], mine: readonly Resume[]): Resume[] {
  const bySlug = new Map<string, Resume>();
  for (const one of [...theirs, ...mine]) {
    const known = bySlug.get(one.slug);
    if (!known || Date.parse(one.changedAt) > Date.parse(known.changedAt)) {
      bySlug.set(one.slug, { ...one, cover: one.cover ?? known?.cover ?? null });
    }
  }
  return [...bySlug.values()].sort((a, b) => Date.parse(b.changedAt) - Date.parse(a.changedAt));
}

/**
 * The account's list with what it cannot know: what it has not heard yet, and the series behind its
 * end. A list that is whole leaves out what was marked unread on another device.
 */
export function joinResumes(
  theirs: readonly Resume[],
  mine: readonly Resume[],
  isWhole: boolean
): Resume[] {
  const known = new Set(theirs.map((one) => one.slug));
  const added = mine.filter((one) => one.isPending || (!isWhole && !known.has(one.slug)));
  return mergeResumes(theirs, added);
}

/** What one press should open: the page they stopped at, or the next chapter when this one is read. */
export function targetOf(resume: Resume): { id: number; number: string | null } {
  return resume.isAtEnd && resume.next ? resume.next : resume.chapter;
}

/** Read to the end, with nothing after it. */
export function isUpToDate(resume: Resume): boolean {
  return resume.isAtEnd && resume.next === null;
}
