"""Whatever is done to a library in whatever order, what is counted is what is there."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.jobs import undo_job_of
from accounts.models import User
from catalog.merging import merge_titles
from common.http.errors import AppError
from reader.models import Chapter
from reader.reading.marks import Selection, mark_chapters
from tests.cast import make_title, make_user
from tests.tracker.builders import assert_counted_right, catch_up, keep, make_chapters, read
from tracker.choices import ItemStatus, Origin
from tracker.library.bulk import Wish
from tracker.library.bulk_jobs import change_many
from tracker.library.items import edit_item, remove_item, step_progress, undo_change
from tracker.models import LibraryChange, LibraryItem

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

TITLES, CHAPTERS = 3, 3
_which = st.integers(0, TITLES - 1)
_wishes = st.sampled_from(
    [
        Wish(fields={"status": "completed"}),
        Wish(fields={"status": "paused", "favourite": True}, add_tags=["x"]),
        Wish(fields={"progress": 2}, remove_tags=["x"]),
        Wish(is_removal=True),
    ]
)
_steps = st.one_of(
    st.tuples(st.just("add"), _which),
    st.tuples(st.just("edit"), _which, st.sampled_from(ItemStatus.values), st.booleans()),
    st.tuples(st.just("step"), _which, st.sampled_from([-2, 1, 3])),
    st.tuples(st.just("remove"), _which),
    st.tuples(st.just("read"), _which, st.integers(0, CHAPTERS - 1), st.booleans()),
    st.tuples(st.just("mark"), _which, st.integers(0, CHAPTERS - 1), st.booleans()),
    st.tuples(st.just("undo_mark")),
    st.tuples(st.just("undo"), st.integers(0, 3)),
    st.tuples(st.just("bulk"), _wishes),
    st.tuples(st.just("undo_bulk")),
    st.tuples(st.just("merge"), _which, _which),
    st.tuples(st.just("undo_merge")),
)


class Story:
    """A user with a few series, and what they do."""

    def __init__(self, user: User, uploader: User, moderator: User) -> None:
        self.user, self.moderator = user, moderator
        self.titles = [
            make_title(f"T{number}", status="completed", length=CHAPTERS)
            for number in range(TITLES)
        ]
        numbers = range(1, CHAPTERS + 1)
        self.chapters = [make_chapters(uploader, title, *numbers) for title in self.titles]
        self.jobs: list[Any] = []
        self.merges: list[Any] = []
        self.marks: list[Any] = []
        self.minute = 0

    def do(self, name: str, *words: Any) -> None:
        act: Callable[..., object] = getattr(self, name)
        with suppress(AppError):  # it was refused, and changed nothing
            act(*words)

    def add(self, which: int) -> None:
        self.titles[which].refresh_from_db()
        keep(self.user, self.titles[which])

    def edit(self, which: int, status: str, is_favourite: bool) -> None:
        fields = {"status": status, "favourite": is_favourite}
        edit_item(self.user, self._item(which), fields=fields, origin=Origin.WEB)

    def step(self, which: int, by: int) -> None:
        step_progress(self.user, self._item(which), by=by, origin=Origin.API)

    def remove(self, which: int) -> None:
        remove_item(self.user, self._item(which), origin=Origin.WEB)

    def read(self, which: int, chapter: int, is_unread: bool) -> None:
        self.minute += 1
        found = Chapter.objects.get(
            pk=self.chapters[which][chapter].pk
        )  # a merge may have moved it
        read(self.user, [found], minutes=self.minute, is_unread=is_unread)

    def mark(self, which: int, last: int, is_read: bool) -> None:
        chapter = Chapter.objects.get(pk=self.chapters[which][last].pk)
        selection = Selection(last=chapter.pk)
        _count, job = mark_chapters(
            chapter.series, user=self.user, selection=selection, is_read=is_read
        )
        self.marks.append(job)
        catch_up()

    def undo_mark(self) -> None:
        if job := self.marks.pop() if self.marks else None:
            undo_job_of(job, user=self.user)
            catch_up()

    def undo(self, place: int) -> None:
        changes = LibraryChange.objects.filter(user=self.user).order_by("-pk")
        for change in changes[place : place + 1]:
            undo_change(self.user, change.pk)

    def bulk(self, wish: Wish) -> None:
        items = LibraryItem.objects.filter(user=self.user)
        self.jobs.append(change_many(self.user, items, wish, is_all_or_nothing=False)[0])

    def undo_bulk(self) -> None:
        if self.jobs:
            undo_job_of(self.jobs.pop(), user=self.user)

    def merge(self, which: int, into: int) -> None:
        source, target = self.titles[which], self.titles[into]
        self.merges.append(merge_titles(source, target, moderator=self.moderator))

    def undo_merge(self) -> None:
        if self.merges:
            undo_job_of(self.merges.pop(), user=self.moderator)

    def _item(self, which: int) -> int:
        item = LibraryItem.objects.filter(user=self.user, title=self.titles[which]).first()
        return item.pk if item else 0


@settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(steps=st.lists(_steps, min_size=3, max_size=12))
def check_any_order(story: Story, steps: list[tuple[Any, ...]]) -> None:
    point = transaction.savepoint()
    story.jobs, story.merges, story.marks, story.minute = [], [], [], 0
    for name, *words in steps:
        story.do(name, *words)
    read(story.user, [])  # what is left for a worker
    assert_counted_right(story.user)
    transaction.savepoint_rollback(point)


def test_any_order_ends_with_what_counting_from_scratch_gives(reader_rina: User):
    story = Story(reader_rina, make_user("uli", "uploader"), make_user("mo", "moderator"))

    check_any_order(story)
