"""A source that lives in the memory of a test: what it lists, what it gives, how often it was
asked."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from sources.contract import (
    Can,
    FoundChapter,
    FoundImage,
    FoundTitle,
    Gone,
    Kind,
    Source,
)
from tests.reader.archive_builders import page_bytes

PAGES = 3


class Shelf(Source):
    """Has the chapters and pages that a test puts there; a page's id is «chapter/number»."""

    name = "shelf"
    label = "The Shelf"
    site_url = "https://shelf.test"
    kinds = frozenset({Kind.MANGA})
    can = frozenset({Can.SEARCH, Can.DETAILS, Can.CHAPTERS})
    credits = "From The Shelf."
    chapters: ClassVar[list[FoundChapter]] = []
    pages: ClassVar[dict[str, list[bytes]]] = {}
    asked: ClassVar[Counter[str]] = Counter()
    # Called before each answer with what is asked for; may raise or return other bytes.
    meddle: ClassVar[Callable[[str], bytes | None] | None] = None

    def search(
        self, query: str, *, kind: Kind | None = None, adult: bool = False
    ) -> Sequence[FoundTitle]:
        return [self.get_details("t1")]

    def get_details(self, title_id: str) -> FoundTitle:
        self._hear("details")
        if title_id != "t1":
            raise Gone("There is no such title.")
        return FoundTitle(id=title_id, kind=Kind.MANGA, name="Naruto there")

    def get_chapters(
        self, title_id: str, *, languages: Sequence[str] = ()
    ) -> Sequence[FoundChapter]:
        self._hear("chapters")
        return [one for one in self.chapters if not languages or one.language in languages]

    def get_images(self, chapter_id: str) -> Sequence[FoundImage]:
        self._hear(f"images {chapter_id}")
        if chapter_id not in self.pages:
            raise Gone("There is no such chapter.")
        return [FoundImage(f"{chapter_id}/{place}") for place in range(len(self.pages[chapter_id]))]

    def get_image(self, image: FoundImage) -> bytes:
        meddled = self._hear(image.id)
        chapter_id, _slash, place = image.id.rpartition("/")
        return meddled or self.pages[chapter_id][int(place)]

    @classmethod
    def _hear(cls, what: str) -> bytes | None:
        cls.asked[what] += 1
        return cls.meddle(what) if cls.meddle is not None else None

    @classmethod
    def put(cls, number: int | str | None, *, pages: int = PAGES, **facts: Any) -> FoundChapter:
        """Put a chapter on the shelf, and return it; `facts` are those of FoundChapter."""
        place = len(cls.chapters) + 1
        chapter = FoundChapter(
            id=f"c{place}", number=None if number is None else Decimal(number), language="en",
            groups=("Snow Leopards",), group_ids=("g1",), site_url=f"https://shelf.test/c{place}",
        )  # fmt: skip
        chapter = replace(chapter, **facts)
        cls.chapters.append(chapter)
        cls.pages[chapter.id] = [
            page_bytes("jpeg", seed=100 * place + page) for page in range(pages)
        ]
        return chapter

    @classmethod
    def clear(cls) -> None:
        """Empty the shelf."""
        cls.chapters, cls.pages, cls.asked, cls.meddle = [], {}, Counter(), None


@pytest.fixture
def chapter_shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Shelf]]:
    """The only source that there is, with nothing on it."""
    Shelf.clear()
    monkeypatch.setattr("sources.registry.all_sources", lambda: {Shelf.name: Shelf})
    for module in ("admin.follows", "admin.groups", "admin.sources", "answers.status"):
        monkeypatch.setattr(f"sources.{module}.all_sources", lambda: {Shelf.name: Shelf})
    for module in ("follows", "fetching"):
        monkeypatch.setattr(
            f"sources.chapters.{module}.call_source",
            lambda name: Shelf(client=None),  # type: ignore[arg-type]
        )
    yield Shelf
    Shelf.clear()
