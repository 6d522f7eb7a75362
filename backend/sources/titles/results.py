"""Searches the catalogue and the sources at once, and shows each title once.

Nothing here calls a source: what is not known yet is asked for, and a worker gets it. `search`
waits a little for the answers, `autocomplete` does not.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.choices import Kind
from catalog.folding import fold_query, is_cjk
from catalog.models import TitleQuerySet
from catalog.names import names_by_language
from catalog.rows import COVER_COLUMNS, cover_of, path_slug
from catalog.search import search_titles
from sources.answers.asking import Asked, ask_all, wait_for
from sources.contract import Can, FoundTitle, Source
from sources.registry import all_sources, enabled_sources
from sources.titles.details import titles_in
from sources.titles.facts import ID_SITES, facts_of, ids_of, progress_end
from sources.titles.matching import (
    COLUMNS,
    Finding,
    finding_of,
    is_named,
    is_same,
    match_findings,
)

OWN = "mangakg"
WAIT_SECONDS = 5.0
_OURS = 10
_OUTSIDE = 20  # of one source
_COLUMNS = (
    *COLUMNS, "slug", "format", "status", "content_rating", "length", "duration_minutes",
    "chapter_count", "site_url", *(f"{site}_id" for site in ID_SITES), *COVER_COLUMNS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for. `titles` are those that they see; `ratings` those they want."""

    query: str
    kind: Kind | None
    titles: TitleQuerySet
    ratings: Collection[str]

    @property
    def is_long_enough(self) -> bool:
        """Return True for two letters, or one Chinese, Japanese or Korean character."""
        letters = fold_query(self.query).replace(" ", "")
        return len(letters) >= 2 or is_cjk(letters)


@dataclass(slots=True)
class _Entry:
    """One title, as it is here and at sources."""

    row: dict[str, Any] | None
    findings: list[Finding] = field(default_factory=list)


def autocomplete(wanted: Wanted) -> dict[str, Any]:
    """Return what is known at once; `pending` are the sources that are being asked."""
    if not wanted.is_long_enough:
        return _answer(wanted, [], [])
    asked = _ask(wanted, enabled_sources())
    return _answer(wanted, asked, _own_ids(wanted))


def search(wanted: Wanted, *, source: str | None = None) -> dict[str, Any]:
    """Return what sources answer within five seconds, with what is here.

    With `source` it is the answer of that one alone. Its titles of ours are named, others of ours
    are not listed.
    """
    enabled = enabled_sources()
    if not wanted.is_long_enough:
        return _answer(wanted, [], [])
    if source is not None:
        asked = _ask(wanted, {source: enabled[source]} if source in enabled else {})
        return _answer(wanted, wait_for(asked, WAIT_SECONDS), [])
    asked = wait_for(_ask(wanted, enabled), WAIT_SECONDS)
    return _answer(wanted, asked, _own_ids(wanted))


def find_max(wanted: Wanted) -> dict[str, Any] | None:
    """Return how far one gets in the title that is called so, or None where none is found."""
    if not wanted.is_long_enough:
        return None
    asked = wait_for(_ask(wanted, enabled_sources()), WAIT_SECONDS)
    entries = _entries(wanted, asked, _own_ids(wanted))
    exact = [entry for entry in entries if _is_called(entry, wanted.query)]
    shown = [_shown(entry) for entry in exact or entries[:1]]
    known = next((one for one in shown if one["max_progress"] is not None), None)
    best = known or (shown[0] if shown else None)
    is_pending = any(one.state == "waiting" for one in asked)
    if best is None:
        return None if not is_pending else _maximum(None, is_pending=True)
    return _maximum(best, is_pending=is_pending and best["max_progress"] is None)


def max_of_found(source: str, found: FoundTitle | None) -> dict[str, Any]:
    """Return how far one gets in a title of a source; None where its answer is waited for."""
    if found is None:
        return _maximum(None, is_pending=True)
    return _maximum(_shown(_Entry(None, [finding_of(source, found)])), is_pending=False)


def _maximum(entry: Mapping[str, Any] | None, *, is_pending: bool) -> dict[str, Any]:
    shown = entry or dict.fromkeys(("name", "kind", "max_progress", "source", "source_id"))
    return {
        "title": shown["name"],
        "kind": shown["kind"],
        "max_progress": shown["max_progress"],
        "source": shown["source"],
        "id": shown["source_id"],
        "pending": is_pending,
    }


def _ask(wanted: Wanted, sources: Mapping[str, type[Source]]) -> list[Asked]:
    params = {
        "query": wanted.query,
        "kind": wanted.kind and wanted.kind.value,
        "adult": "pornographic" in wanted.ratings,
    }
    return ask_all([
        (name, "search", params)
        for name, source in sources.items()
        if Can.SEARCH in source.can and (wanted.kind is None or wanted.kind in source.kinds)
    ])  # fmt: skip


def _own_ids(wanted: Wanted) -> list[int]:
    titles = wanted.titles if wanted.kind is None else wanted.titles.filter(kind=wanted.kind)
    return search_titles(wanted.query, among=titles)[:_OURS]


def _answer(wanted: Wanted, asked: Sequence[Asked], own_ids: Sequence[int]) -> dict[str, Any]:
    return {
        "results": [_shown(entry) for entry in _entries(wanted, asked, own_ids)],
        "pending": [one.source for one in asked if one.state == "waiting"],
        "errors": {
            one.source: {**one.error, "until": one.until}
            for one in asked
            if one.state == "failed" and one.error is not None
        },
        "is_stale": any(one.state == "stale" for one in asked),
    }


def _entries(wanted: Wanted, asked: Sequence[Asked], own_ids: Sequence[int]) -> list[_Entry]:
    findings = list(_findings(wanted, asked))
    matches, rows = match_findings(findings, among=wanted.titles, columns=_COLUMNS, also=own_ids)
    ours = {pk: _Entry(rows[pk]) for pk in own_ids if pk in rows}
    outside: list[_Entry] = []
    # By their names and ids, so that not each is compared with each.
    by_word: defaultdict[object, list[_Entry]] = defaultdict(list)
    for one, match in zip(findings, matches, strict=True):
        words = (*one.keys, *sorted(one.names))
        if match.title_id is not None:
            entry = ours.setdefault(match.title_id, _Entry(rows[match.title_id]))
        else:
            alike = (known for word in words for known in by_word[word] if _is_of(known, one))
            entry = next(alike, None) or _Entry(None)
            if not entry.findings:
                outside.append(entry)
            for word in words:
                by_word[word].append(entry)
        entry.findings.append(one)
    return [*ours.values(), *outside]


def _findings(wanted: Wanted, asked: Sequence[Asked]) -> Iterable[Finding]:
    """Yield the titles of all sources: the best of each first."""
    answers = [(one.source, titles_in(one.value)[:_OUTSIDE]) for one in asked]
    for place in range(max((len(titles) for _source, titles in answers), default=0)):
        for source, titles in answers:
            if place < len(titles):
                found = titles[place]
                if found.rating is None or found.rating in wanted.ratings:
                    yield finding_of(source, found)


def _is_of(entry: _Entry, one: Finding) -> bool:
    has_source = any(other.source == one.source for other in entry.findings)
    return not has_source and any(is_same(other, one) for other in entry.findings)


def _is_called(entry: _Entry, query: str) -> bool:
    if any(is_named(one, query) for one in entry.findings):
        return True
    if entry.row is None:
        return False
    names = (entry.row["name"], entry.row["original_name"], *entry.row["names"].values())
    return fold_query(query) in {fold_query(name) for name in names}


def _shown(entry: _Entry) -> dict[str, Any]:
    """Return the entry as the API shows it: what is known here counts first."""
    shown = _shown_here(entry.row) if entry.row is not None else {}
    findings = sorted(entry.findings, key=lambda one: _rank(one.source))
    for one in findings:
        for name, value in _shown_there(one).items():
            if name not in shown or shown[name] in (None, "", {}):
                shown[name] = value
    external_ids = dict(shown["external_ids"])
    for one in findings:
        external_ids.setdefault(one.source, one.found.id)
        for site, value in one.found.external_ids.items():
            external_ids.setdefault(site, str(value))
    best = findings[0] if findings else None
    own = [OWN] if entry.row is not None else []
    return {
        **shown,
        "external_ids": external_ids,
        "source": best and best.source,
        "source_id": best and best.found.id,
        "sources": [*own, *dict.fromkeys(one.source for one in findings)],
    }


def _rank(source: str) -> int:
    return list(all_sources()).index(source) if source in all_sources() else len(all_sources())


def _shown_here(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "title_id": row["id"],
        "slug": path_slug(row["id"], row["slug"]),
        **{name: row[name] for name in (
            "kind", "name", "names", "year", "format", "status", "content_rating", "site_url",
        )},
        "cover": cover_of(dict(row)),
        "max_progress": progress_end(
            row["kind"], length=row["length"], minutes=row["duration_minutes"]
        ),
        "external_ids": {
            site: str(row[f"{site}_id"]) for site in ID_SITES if row[f"{site}_id"] is not None
        },
    }  # fmt: skip


def _shown_there(one: Finding) -> dict[str, Any]:
    facts = facts_of(one.found)
    names = names_by_language(
        ((alias["name"], alias["language"]) for alias in facts["aliases"]),
        original_name=facts["original_name"], original_language=facts["original_language"],
    )  # fmt: skip
    return {
        "title_id": None,
        "slug": None,
        "kind": one.found.kind.value,
        "names": names,
        **{name: facts[name] for name in ("name", "year", "format", "content_rating", "site_url")},
        "status": one.found.status and one.found.status.value,
        "cover": None,
        "max_progress": progress_end(
            one.found.kind, length=facts["length"], minutes=facts["duration_minutes"]
        ),
        "external_ids": {
            site: str(value) for site, value in ids_of(one.found, source=one.source).items()
        },
    }
