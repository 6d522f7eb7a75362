"""A shelf for each test, in the place of all sources; and the cast."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from catalog.models import Title
from reader.intake.extraction import extract_upload
from reader.models import Upload
from sources.chapters.fetching import _chapters_to_fetch, fetch_chapter
from sources.chapters.follows import Wish, check_follow, follow_series
from sources.models import SourceChapter, SourceFollow
from tests.cast import make_title
from tests.sources.chapter_shelf import Shelf


@pytest.fixture
def shelf(chapter_shelf: type[Shelf]) -> type[Shelf]:
    """The only source that there is, with nothing on it."""
    return chapter_shelf


@pytest.fixture
def naruto(db: None) -> Title:
    """A public series."""
    return make_title()


def ask(series: Title, user: User, **words: Any) -> SourceFollow:
    """Ask for the chapters of the shelf's title, and let a worker ask what there is."""
    for end in ("from_number", "to_number"):
        if end in words:
            words[end] = Decimal(words[end])
    wish = Wish("shelf", words.pop("id", "t1"), words.pop("languages", ()), **words)
    follow = follow_series(series, user=user, wish=wish)
    check_follow.run(follow.pk)
    follow.refresh_from_db()
    return follow


def fetch_all() -> None:
    """Fetch what is due, and let each upload be checked."""
    while due := list(_chapters_to_fetch()):
        for pk in due:
            fetch_chapter.run(pk)
    for upload in Upload.objects.filter(state="received"):
        extract_upload.run(upload.pk)


def states(follow: SourceFollow) -> dict[str, tuple[str, str]]:
    """Return the state and the reason of each chapter by its id at the source."""
    rows = SourceChapter.objects.filter(follow=follow)
    return {row.external_id: (row.state, row.reason) for row in rows}
