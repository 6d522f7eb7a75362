"""Search by name: `search_titles` folds the query, has the database fetch candidates by a few rare
grams, and scores them here, so that SQLite and PostgreSQL answer alike (docs/decisions/0003)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, QuerySet

from catalog.folding import gram_code
from catalog.models import Title
from catalog.search_terms import Terms, choose_grams
from common.compiled_rows import read_rows

MAX_RESULTS = 500

# A gram that this many names have is common: no more of its names are counted or read.
_COMMON = 500
_READ_OF_COMMON = 300
# More grams than needed are read, the rarest first, while all of them together have at most this
# many names: they rank the candidates.
_READ_FREELY = 600
# Candidates that share at most half of the grams that the best one shares are nearly all noise:
# they only fill the candidates up to this number.
_WEAK_CANDIDATES = 100
# At most this many names that begin with a query whose grams are all common.
_PREFIXES = 100

_CODE_POINT_ORDER = {"sqlite": "BINARY", "postgresql": '"C"'}
_LAST_CODE_POINT = "\U0010ffff"

Found = tuple[int, str, str, str]  # title id, folded name, source, spellings


def search_titles(query: str, *, among: QuerySet[Title]) -> list[int]:
    """Return the ids of the titles of `among` that the query may mean, best first.

    They are at most MAX_RESULTS. `among` is only filtered, neither sliced nor combined. It decides
    inside the database who sees what, so hidden titles never take the places of visible ones.
    """
    terms = Terms(query)
    if not terms:
        return []
    try:
        names = _Names(among)
    except EmptyResultSet:
        return []
    if terms.is_signs:
        return ranked(terms, names.called(terms.folded))
    found: list[Found] = []
    if terms.is_short:
        found = names.beginning_with(terms.folded, MAX_RESULTS)
    if len(found) < MAX_RESULTS:
        grams = _grams_to_read(terms)
        found += _candidates(terms, names.sharing(grams), names)
        # Names that begin with the query have all of its grams. They can be missing only where all
        # grams are so common that not all of their names are read.
        if not terms.is_short and grams and min(grams.values()) == _COMMON:
            found += names.beginning_with(terms.folded, _PREFIXES)
    return ranked(terms, found)


def find_called(folded: Sequence[str]) -> list[tuple[int, str]]:
    """Return (title id, folded name) of all titles, of any state, that have one of these names.

    The names are folded by `catalog.folding`; credited people's names count too.
    """
    if not folded:
        return []
    column = f"folded COLLATE {_CODE_POINT_ORDER[connection.vendor]}"
    sql = f"SELECT title_id, folded FROM catalog_searchname WHERE {column} IN {_marks(folded)}"  # noqa: S608
    return [(title_id, name) for title_id, name in read_rows(sql, folded, ["title_id", "folded"])]


def ranked(terms: Terms, found: list[Found]) -> list[int]:
    """Return the ids of the titles found, ordered by the class of their best name.

    Within a class, names of titles come before names of people, then names that are spelled as the
    query is before others, then the more similar ones; ties are ordered by name, then by id.
    """
    best: dict[int, tuple[int, bool, bool, float, str, int]] = {}
    for title_id, folded, source, spellings in set(found):
        rank = terms.rank(folded)
        if rank is not None:
            is_other = not terms.is_spelled(rank[0], spellings)
            key = (rank[0], source == "person", is_other, rank[1], folded, title_id)
            if title_id not in best or key < best[title_id]:
                best[title_id] = key
    return sorted(best, key=best.__getitem__)[:MAX_RESULTS]


def _candidates(terms: Terms, shared: Counter[int], names: "_Names") -> list[Found]:
    if not shared:
        return []
    by_share = sorted(shared.items(), key=lambda item: (-item[1], item[0]))
    ids = [name_id for name_id, _ in by_share]
    weak = by_share[0][1] / 2 if terms.edits else 0
    strong = sum(share > weak for _, share in by_share)
    limit = min(MAX_RESULTS, max(strong, _WEAK_CANDIDATES))
    found = names.with_ids(ids[:limit])
    # Where hidden names were among the first, read the rest too.
    if len(found) < limit and (strong > limit or len(found) <= limit // 2):
        found += names.with_ids(ids[limit:])
    return found


def _grams_to_read(terms: Terms) -> dict[str, int]:
    counts = _count_names(terms.grams)
    chosen = choose_grams(terms, counts)
    total = sum(counts[gram] for gram in chosen)
    for gram in sorted(set(terms.grams).difference(chosen), key=lambda gram: (counts[gram], gram)):
        total += counts[gram]
        if total > _READ_FREELY:
            break
        chosen.append(gram)
    return {gram: counts[gram] for gram in chosen if counts[gram]}


def _count_names(grams: list[str]) -> dict[str, int]:
    """Return the number of names that have each gram, at most _COMMON."""
    codes = [gram_code(gram) for gram in grams]
    values = ", ".join(["(%s)"] * len(codes))
    found = read_rows(
        f"WITH wanted (gram) AS (VALUES {values}) SELECT gram, (SELECT count(*) FROM ("  # noqa: S608
        "SELECT 1 FROM catalog_searchgram held WHERE held.gram = wanted.gram LIMIT %s) one)"
        " AS names FROM wanted",
        [*codes, _COMMON],
        ["gram", "names"],
    )
    counts = dict(cast(Sequence[tuple[int, int]], found))
    return {gram: counts[code] for gram, code in zip(grams, codes, strict=True)}


class _Names:
    """Reads the names of the titles of `among`. The SQL is written by hand: the ORM would double
    the cost, and no part of the statements comes from the query."""

    def __init__(self, among: QuerySet[Title]) -> None:
        titles, params = among.order_by().values(shown_id=F("pk")).query.sql_with_params()
        self._params = list(params)
        # Compared as a value: PostgreSQL would turn EXISTS or IN into a join with all titles.
        self._visible = (
            f"catalog_searchname.title_id = (SELECT shown_id FROM ({titles}) shown"  # noqa: S608
            " WHERE shown_id = catalog_searchname.title_id LIMIT 1)"
        )
        self._select = (
            "SELECT catalog_searchname.title_id, folded, source, spellings"  # noqa: S608
            " FROM catalog_searchname"
            f" WHERE {self._visible}"
        )

    def called(self, folded: str) -> list[Found]:
        column = f"catalog_searchname.folded COLLATE {_CODE_POINT_ORDER[connection.vendor]}"
        return self._read(
            f" AND {column} = %s ORDER BY {column}, catalog_searchname.id LIMIT %s",
            [folded, MAX_RESULTS],
        )

    def beginning_with(self, folded: str, limit: int) -> list[Found]:
        column = f"catalog_searchname.folded COLLATE {_CODE_POINT_ORDER[connection.vendor]}"
        return self._read(
            f" AND {column} >= %s AND {column} < %s"
            f" ORDER BY {column}, catalog_searchname.id LIMIT %s",
            [folded, folded + _LAST_CODE_POINT, limit],
        )

    def sharing(self, grams: dict[str, int]) -> Counter[int]:
        """Return how many of the grams each name has, by the id of the name.

        Of a common gram only some names are read, and only visible ones, as all of the first could
        be hidden. Where all grams are common, the right name may not be among these: then the names
        that have all grams are read too.
        """
        ids: Counter[int] = Counter()
        rare = [gram_code(gram) for gram, count in grams.items() if count < _COMMON]
        common = [gram_code(gram) for gram, count in grams.items() if count == _COMMON]
        if rare:
            select = "SELECT name_id FROM catalog_searchgram WHERE gram IN "
            ids.update(self._ids(select + _marks(rare), rare))
            for code in common:
                ids.update(self._ids_with([code], _READ_OF_COMMON))
            return ids
        for code in common:
            ids.update(self._ids_with([code], MAX_RESULTS))
        if len(common) > 1:
            for name_id in self._ids_with(sorted(common), MAX_RESULTS):
                ids[name_id] = len(common)
        return ids

    def _ids_with(self, codes: list[int], limit: int) -> Iterator[int]:
        """Yield the ids of the first `limit` visible names that have all of the grams."""
        also = (
            " AND held.name_id = (SELECT other.name_id FROM catalog_searchgram other"
            " WHERE other.gram = %s AND other.name_id = held.name_id LIMIT 1)"
        ) * (len(codes) - 1)
        select = (
            "SELECT held.name_id FROM catalog_searchgram held"  # noqa: S608
            " JOIN catalog_searchname ON catalog_searchname.id = held.name_id"
            f" WHERE held.gram = %s{also} AND {self._visible} ORDER BY held.name_id LIMIT %s"
        )
        return self._ids(select, [*codes, *self._params, limit])

    def with_ids(self, ids: list[int]) -> list[Found]:
        return self._read(f" AND catalog_searchname.id IN {_marks(ids)}", ids) if ids else []

    def _ids(self, select: str, params: list[Any]) -> Iterator[int]:
        return chain.from_iterable(read_rows(select, params, ["name_id"]))

    def _read(self, condition: str, params: list[Any]) -> list[Found]:
        sql, columns = self._select + condition, ["title_id", "folded", "source", "spellings"]
        return [(*row,) for row in read_rows(sql, [*self._params, *params], columns)]


def _marks(values: Sequence[int | str]) -> str:
    return f"({', '.join(['%s'] * len(values))})"
