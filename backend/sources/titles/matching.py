"""Finds which titles of sources are one title, and which of them the catalogue has already.

Two are the same where one of their ids is; else where they are called alike, of one kind and from
one year. The number of queries does not depend on how many titles are looked for.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Q

from catalog.choices import Kind
from catalog.folding import fold_query
from catalog.models import Title, TitleQuerySet
from catalog.search import find_called
from sources.contract import FoundTitle
from sources.models import SourceTitle
from sources.titles.facts import ID_SITES, ids_of, names_of_found, read_id

_WATCHED = (Kind.ANIME, Kind.MOVIE, Kind.SHOW)
# Sources do not agree on what is manga and what is manhwa.
_DRAWN = (Kind.MANGA, Kind.MANHWA, Kind.MANHUA, Kind.COMIC)
# More names of a title than these only cost time.
_MAX_NAMES = 8
_NAMES_AT_ONCE = 500
# An id at a site: MyAnimeList counts what is watched and what is read apart.
Key = tuple[str, str]
# A title of the catalogue as `match_findings` reads it: at least these columns.
Row = Mapping[str, Any]
COLUMNS = ("kind", "name", "original_name", "names", "year")


@dataclass(frozen=True, slots=True)
class Finding:
    """A title as one source knows it, with what it is compared by."""

    source: str
    found: FoundTitle
    keys: tuple[Key, ...]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Match:
    """What a finding is here: the title that has its id, or those that are called as it is."""

    by_id: int | None
    alike: tuple[int, ...]

    @property
    def title_id(self) -> int | None:
        """Return the title that it is, where there is no doubt."""
        if self.by_id is not None or len(self.alike) != 1:
            return self.by_id
        return self.alike[0]


def finding_of(source: str, found: FoundTitle) -> Finding:
    """Return a title of a source, ready to be compared; its id at the source itself comes first."""
    ids = ids_of(found, source=source)
    keys = dict.fromkeys([(source, found.id)])
    keys |= dict.fromkeys(_key(site, value, found.kind) for site, value in ids.items())
    names = list(names_of_found(found))[:_MAX_NAMES]
    return Finding(source, found, tuple(keys), frozenset(map(_folded, names)) - {""})


def match_findings(
    findings: Sequence[Finding], *, among: TitleQuerySet, columns: Sequence[str] = COLUMNS,
    also: Iterable[int] = (),
) -> tuple[list[Match], dict[int, dict[str, Any]]]:  # fmt: skip
    """Return what each finding is among titles, and the columns of these, in six queries for all.

    `also` are titles whose columns are wanted too.
    """
    by_key = _ids_by_key(findings)
    by_name = _ids_by_name(findings)
    wanted = {*also}.union(*by_key.values(), *by_name.values())
    rows = {row["id"]: row for row in among.filter(pk__in=wanted).values("id", *columns)}
    matches = [
        Match(
            by_id=next((pk for key in one.keys for pk in by_key[key] if pk in rows), None),
            alike=_alike(one, rows, by_name),
        )
        for one in findings
    ]
    return matches, rows


def is_same(one: Finding, other: Finding) -> bool:
    """Return True where two sources mean one title, by ids or by name, kind and year."""
    if one.source == other.source:
        return False
    if not set(one.keys).isdisjoint(other.keys):
        return True
    return (
        is_same_kind(one.found.kind, other.found.kind)
        and one.found.year == other.found.year
        and not one.names.isdisjoint(other.names)
    )


def is_same_kind(one: str, other: str) -> bool:
    """Return True where sources may mean one title by both kinds."""
    return one == other or (one in _DRAWN and other in _DRAWN)


def is_named(one: Finding, name: str) -> bool:
    """Return True where the title is called so."""
    return _folded(name) in one.names


def titles_at(site: str, external_id: str, *, kind: Kind | None = None) -> list[int]:
    """Return the ids of the titles that have an id of a site, whoever may see them."""
    at_source = SourceTitle.objects.filter(source=site, external_id=external_id)
    ids = list(at_source.values_list("title_id", flat=True))
    value = read_id(site, external_id) if site in ID_SITES else None
    if value is not None:
        rows = Title.objects.filter(**{f"{site}_id": value}).values_list("pk", "kind")
        ids += [
            pk
            for pk, its_kind in sorted(rows)
            if site != "mal" or kind is None or (its_kind in _WATCHED) == (kind in _WATCHED)
        ]
    return list(dict.fromkeys(ids))


def _key(site: str, value: object, kind: str) -> Key:
    if site == "mal":
        return (f"mal {'watched' if kind in _WATCHED else 'read'}", str(value))
    return (site, str(value))


@lru_cache(maxsize=20_000)
def _folded(name: str) -> str:
    return fold_query(name)


def _alike(
    one: Finding, rows: Mapping[int, Row], by_name: Mapping[str, set[int]]
) -> tuple[int, ...]:
    """Return the titles that are called so, of its kind and year.

    Where one of the two years is not known, the other counts only if no title is from that year.
    """
    ids = {pk for name in one.names for pk in by_name.get(name, ()) if pk in rows}
    called = [pk for pk in sorted(ids) if _is_called(one, rows[pk])]
    exact = [pk for pk in called if rows[pk]["year"] == one.found.year]
    unknown = [pk for pk in called if rows[pk]["year"] is None or one.found.year is None]
    return tuple(exact or unknown)


def _is_called(one: Finding, row: Row) -> bool:
    # People's names lead to titles as well: here only the title's own count.
    names = (row["name"], row["original_name"], *row["names"].values())
    return is_same_kind(row["kind"], one.found.kind) and any(
        _folded(name) in one.names for name in names if name
    )


def _ids_by_key(findings: Sequence[Finding]) -> defaultdict[Key, list[int]]:
    """Return the titles that have each id at a site: one query for each site, one for sources."""
    ids: defaultdict[Key, list[int]] = defaultdict(list)
    at_source: defaultdict[str, set[str]] = defaultdict(set)
    at_site: defaultdict[str, set[Any]] = defaultdict(set)
    for one in findings:
        at_source[one.source].add(one.found.id)
        for site, value in ids_of(one.found, source=one.source).items():
            at_site[site].add(value)
    wanted = Q(pk__in=[])
    for source, values in at_source.items():
        wanted |= Q(source=source, external_id__in=values)
    known = SourceTitle.objects.filter(wanted).values_list("source", "external_id", "title_id")
    for source, external_id, pk in known:
        ids[source, external_id].append(pk)
    for site, values in at_site.items():
        # Sorted here: SQLite would read all titles in their order.
        rows = Title.objects.filter(**{f"{site}_id__in": values})
        for pk, kind, value in sorted(rows.values_list("pk", "kind", f"{site}_id")):
            ids[_key(site, value, kind)].append(pk)
    return ids


def _ids_by_name(findings: Sequence[Finding]) -> dict[str, set[int]]:
    names = dict.fromkeys(name for one in findings for name in sorted(one.names))
    ids: dict[str, set[int]] = {}
    for title_id, folded in find_called(list(names)[:_NAMES_AT_ONCE]):
        ids.setdefault(folded, set()).add(title_id)
    return ids
