/** Kinds of titles: what is read and what is watched, and where the page of each is. */
export const readKinds = ['manga', 'manhwa', 'manhua', 'comic', 'novel'] as const;
export const watchedKinds = ['anime', 'movie', 'show'] as const;
export const kinds = [...readKinds, ...watchedKinds] as const;
export type Kind = (typeof kinds)[number];
export type WatchedKind = (typeof watchedKinds)[number];

/** The first word of the address of each; what is read are all series. */
const sections: Record<WatchedKind, string> = { anime: 'anime', movie: 'movies', show: 'shows' };

export function isWatched(kind: string): kind is WatchedKind {
  return (watchedKinds as readonly string[]).includes(kind);
}

export function kindOfSection(section: string): WatchedKind | undefined {
  return watchedKinds.find((kind) => sections[kind] === section);
}

export function sectionOf(kind: WatchedKind): string {
  return sections[kind];
}

interface Addressed {
  id: number;
  kind: string;
  slug: string;
  /** Of titles that may be nobody else's. */
  moderation?: string;
}

/** The page of a title; one that is not listed has an address by its number. */
export function titlePath({ id, kind, slug, moderation }: Addressed): string {
  const isUnlisted = moderation === 'unlisted' || !slug || slug.startsWith('p-');
  if (isUnlisted) return `/titles/p-${id}`;
  return `/${isWatched(kind) ? sections[kind] : 'series'}/${encodeURIComponent(slug)}`;
}
