"""A source without a network, for what is done with answers: `shelf` and `rack` hold titles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from catalog.folding import fold_name
from sources.contract import Can, FoundTitle, Gone, Kind, Source, SourceFailed
from sources.registry import all_sources


class Shelf(Source):
    """Knows the titles in `titles`, and fails where `failure` is set."""

    name = "shelf"
    label = "Shelf"
    site_url = "https://shelf.test"
    kinds = frozenset(Kind)
    can = frozenset({Can.SEARCH, Can.DETAILS})
    credits = "Facts from the shelf."
    titles: ClassVar[dict[str, FoundTitle]] = {}
    failure: ClassVar[SourceFailed | None] = None
    asked: ClassVar[list[str]] = []

    def search(
        self, query: str, *, kind: Kind | None = None, adult: bool = False
    ) -> Sequence[FoundTitle]:
        """Return the titles whose name has the words."""
        self._note(f"search {query}")
        words = fold_name(query)
        return [
            title
            for title in self.titles.values()
            if any(words in fold_name(name) for name in (title.name, title.original_name))
            and kind in (None, title.kind)
        ]

    def get_details(self, title_id: str) -> FoundTitle:
        """Return the title."""
        self._note(f"details {title_id}")
        if title_id not in self.titles:
            raise Gone("There is no such title.")
        return self.titles[title_id]

    def _note(self, call: str) -> None:
        self.asked.append(call)
        if self.failure is not None:
            raise self.failure


@dataclass
class Shelves:
    """The sources of a test; `anilist` and `rack` are two, so that ids of a known site come too."""

    sources: dict[str, type[Shelf]] = field(default_factory=dict)

    def put(self, source: str, *titles: FoundTitle) -> None:
        """Put titles on a shelf, in the place of those that have their ids."""
        self.sources[source].titles |= {title.id: title for title in titles}

    def fail(self, source: str, failure: SourceFailed | None) -> None:
        """Let a source fail from now on."""
        self.sources[source].failure = failure


def found(id: str = "1", name: str = "Kyoto Ghosts", **facts: Any) -> FoundTitle:  # noqa: A002
    """Return a title as a source knows it."""
    return FoundTitle(**{"id": id, "kind": Kind.MANGA, "name": name, "year": 2011, **facts})


@pytest.fixture
def shelves(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelves]:
    """Replace all sources by two shelves, `anilist` and `rack`."""
    sources = {
        name: type(name.title(), (Shelf,), {
            "name": name, "label": name.title(), "titles": {}, "failure": None, "asked": [],
        })
        for name in ("anilist", "rack")
    }  # fmt: skip
    all_sources.cache_clear()
    monkeypatch.setattr("sources.registry.iter_modules", lambda *_: ())
    entries = [
        type("Entry", (), {"value": s.name, "load": lambda self, s=s: s})()
        for s in sources.values()
    ]
    monkeypatch.setattr("sources.registry.entry_points", lambda group: entries)
    # Nobody answers while a request waits.
    monkeypatch.setattr("sources.answers.asking._watch", lambda _keys, _until: None)
    yield Shelves(sources)
    monkeypatch.undo()
    all_sources.cache_clear()
