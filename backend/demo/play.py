"""Makes the whole demo library: accounts, titles, chapters, what a reader keeps, and reports."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from catalog.models import Title
from demo.chapters import CHAPTERS, play_chapter
from demo.complaints import play_complaints
from demo.keeping import fill_library
from demo.library import TITLES
from demo.people import (
    ADMIN_NAME,
    MODERATOR_NAME,
    READER_NAME,
    UPLOADER_NAME,
    find_or_make_account,
)
from demo.titles import find_or_make_title
from reader.models import Chapter, ReadingState
from reader.reading.progress import Progress, save_progress

_READ_SO_FAR = (
    ("One Steppe", "10.5", 2, False, 3),
    ("Manas: The Boy from Talas", "2", 6, True, 26),
    ("The Snow Leopard's Apprentice", "1", 1, False, 50),
    ("Er Toshtuk Below the Earth", "2", 6, True, 700),
    ("Er Toshtuk Below the Earth", "1", 6, True, 702),
)


def is_empty() -> bool:
    """Return True where there are no titles, or only those of a demo that was not finished."""
    own = [demo.name for demo in TITLES]
    is_finished = User.objects.filter(username=READER_NAME).exists()
    return not is_finished and not Title.objects.exclude(name__in=own).exists()


def make_demo_library() -> tuple[int, int]:
    """Make the missing parts of the demo; return how many titles and uploads it has."""
    find_or_make_account(ADMIN_NAME)
    moderator = find_or_make_account(MODERATOR_NAME)
    uploader = find_or_make_account(UPLOADER_NAME)
    titles = {demo.folder: find_or_make_title(demo, moderator=moderator) for demo in TITLES}
    for chapter in CHAPTERS:
        play_chapter(chapter, titles[chapter.series], uploader=uploader, moderator=moderator)
    reader = find_or_make_account(READER_NAME)
    fill_library(reader, titles)
    _read_a_little(reader)
    play_complaints(reader=reader, uploader=uploader, moderator=moderator)
    return len(titles), len(CHAPTERS)


def _read_a_little(reader: User) -> None:
    if ReadingState.objects.filter(user=reader).exists():
        return
    for series, number, page, is_finished, hours_ago in _READ_SO_FAR:
        chapter = Chapter.objects.public().filter(
            series__name=series, number=number, language="en"
        ).first()  # fmt: skip
        if chapter is None:  # a moderator has taken it down since
            continue
        moment = timezone.now() - timedelta(hours=hours_ago)
        save_progress(
            chapter,
            user=reader,
            progress=Progress(page=page, is_finished=is_finished, changed_at=moment),
        )
