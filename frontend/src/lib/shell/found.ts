/** What a search over everything found, as one list: what is in the library first, each title once. */
import type { Cover, LibraryItem, TitleRow } from '$lib/api/types';
import { coverOf } from '$lib/library/covers';
import { titlePath } from '$lib/titles/kinds';

export interface Found {
  id: number;
  href: string;
  name: string;
  names: Readonly<Record<string, string>>;
  cover: Cover | null;
  kind: string;
  year: number | null;
  /** In the library of whoever searches: with this status. */
  status: string | null;
}

export function joinFound(
  items: readonly LibraryItem[],
  titles: readonly TitleRow[],
  most: number
): Found[] {
  const mine = items.map((item) => ({
    id: item.title_id,
    href: titlePath({ ...item, id: item.title_id, kind: item.type }),
    name: item.title,
    names: item.names,
    cover: coverOf(item),
    kind: item.type,
    year: item.year,
    status: item.status
  }));
  const known = new Set(mine.map(({ id }) => id));
  const others = titles
    .filter(({ id }) => !known.has(id))
    .map(({ id, slug, kind, name, names, cover, year }) => ({
      ...{ id, name, names, cover, kind, year },
      href: titlePath({ id, slug, kind }),
      status: null
    }));
  return [...mine, ...others].slice(0, most);
}
