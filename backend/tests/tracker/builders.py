"""Builders of libraries, and the check that all that is counted in them is right."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from catalog.models import Title
from common.work.events import deliver_events
from reader.models import Chapter
from reader.reading.progress import Progress, save_progress_rows
from tests.cast import make_upload_row
from tracker.choices import Origin
from tracker.library.counters import recount_library
from tracker.library.items import add_item
from tracker.library.recounts import recount_title
from tracker.library.unread import chapters_of, set_unread, states_of
from tracker.models import LibraryItem, TitleRecount

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def keep(user: User, title: Title, **fields: Any) -> LibraryItem:
    """Put a title into a user's library."""
    return add_item(user, title_id=title.pk, fields=fields, origin=Origin.WEB)[0]


def make_chapters(uploader: User, series: Title, *numbers: object, **columns: Any) -> list[Chapter]:
    """Make public chapters of a series."""
    return [
        make_upload_row(uploader=uploader, series=series, number=number, pages=1, **columns).chapter
        for number in numbers
    ]


def read(
    user: User, chapters: Iterable[Chapter], *, minutes: float = 0, is_unread: bool = False
) -> None:
    """Finish chapters, or mark them unread, and let the library follow."""
    turn = Progress(
        0 if is_unread else 1, is_finished=not is_unread, changed_at=at(minutes),
        is_unread=is_unread,
    )  # fmt: skip
    save_progress_rows([(chapter, turn) for chapter in chapters], user=user)
    catch_up()


def catch_up() -> None:
    """Deliver all events, and recount the titles that they ask for."""
    deliver_events()
    for title_id in TitleRecount.objects.values_list("pk", flat=True):
        recount_title.run(title_id)
    assert not TitleRecount.objects.exists()


def assert_counted_right(*users: User) -> None:
    """Fail unless counting from scratch gives what is kept."""
    for user in users:
        assert not recount_library(user.pk), "the counters were wrong"
        for item in LibraryItem.objects.filter(user=user):
            chapters = chapters_of([item.title_id])[item.title_id]
            states = states_of([item.title_id], [user.pk]).get((user.pk, item.title_id), [])
            kept = item.unread_count, item.last_unread_at, item.next_chapter_id
            languages = User.objects.get(pk=user.pk).reading_languages
            assert not set_unread(item, chapters, states, languages), kept
