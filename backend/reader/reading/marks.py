"""Users mark chapters of a series read or unread: some, a range, or all up to one.

Marking is no reading: it merges as a page turn does, but counts no reader of the day. It is a job
that can be undone for some days, chapter by chapter, where nothing was read since.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Title
from common.http.errors import NotFound
from common.models import Job, JobItem
from common.work.events import emit
from common.work.jobs import NewItem, job_kind, record_job
from reader.models import Chapter, ReadingState
from reader.reading.chapter_rows import order_chapters
from reader.reading.kept_states import columns_of, save_states, set_columns
from reader.reading.progress import Progress, merge_turn, tell_progress

UNDO_FOR = timedelta(days=7)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Selection:
    """Which chapters: those of some ids, or, in reading order, all from one to another.

    A range without `first` begins with the series. It holds the chapters of all groups in the
    languages of its ends.
    """

    ids: Collection[int] = ()
    first: int | None = None
    last: int | None = None


def mark_chapters(
    series: Title, *, user: User, selection: Selection, is_read: bool
) -> tuple[int, Job | None]:
    """Mark public chapters; return how many changed, and the job that undoes it, or None for none.

    Ids of other series count for nothing. Raises NotFound where an end of a range is not there.
    """
    with acting(user):  # this locks the user's row, so that their devices take turns
        pages = _selected(series, selection)
        known = ReadingState.objects.filter(user=user, series=series.pk)
        states = {state.chapter_id: state for state in known if state.chapter_id in pages}
        moment = _moment_after(states.values())
        items: list[NewItem] = []
        changed = []
        for chapter, page_count in pages.items():
            state = states.get(chapter)
            if _is_marked(state, is_read=is_read):
                continue
            before = None if state is None else columns_of(state)
            state = state or ReadingState(user=user, series=series, chapter_id=chapter)
            _mark(state, page_count, at=moment + len(items) * _TICK, is_read=is_read)
            changed.append(state)
            items.append((chapter, {"state": before, "marked": columns_of(state)}))
        if not changed:
            return 0, None
        save_states(changed)
        tell_progress(changed, user=user)
        job = record_job(
            MARKS, owner=user, items=items, undo_for=UNDO_FOR,
            parameters={"series": series.pk, "read": is_read},
        )  # fmt: skip
    return len(changed), job


def _selected(series: Title, selection: Selection) -> dict[int, int]:
    """Return the page counts of the chapters by their ids, in reading order."""
    chapters = Chapter.objects.public().filter(series=series.pk)
    if selection.last is None:
        # Not by a list of ids, which may be longer than a database takes.
        wanted = set(selection.ids)
        found = order_chapters(chapters, newest_first=False).values_list("pk", "page_count")
        return {pk: count for pk, count in found if pk in wanted}
    ends = {pk for pk in (selection.first, selection.last) if pk is not None}
    languages = dict(chapters.filter(pk__in=ends).values_list("pk", "language"))
    if languages.keys() != ends:
        raise NotFound(_("There is no such chapter."))
    chapters = chapters.filter(language__in=set(languages.values()))
    rows = list(order_chapters(chapters, newest_first=False).values_list("pk", "page_count"))
    places = {pk: place for place, (pk, _count) in enumerate(rows)}
    last = places[selection.last]
    first = 0 if selection.first is None else places[selection.first]
    return dict(rows[min(first, last) : max(first, last) + 1])


def _moment_after(states: Collection[ReadingState]) -> datetime:
    """Return now, or a moment after all that is known: clocks of devices may be ahead."""
    moments = [timezone.now()]
    for state in states:
        known = (state.finished_at, state.last_finished_at, state.forgotten_at, state.changed_at)
        moments += [moment + _TICK for moment in known if moment is not None]
    return max(moments)


def _is_marked(state: ReadingState | None, *, is_read: bool) -> bool:
    if is_read:
        return state is not None and state.finished_at is not None
    return state is None or (state.finished_at is None and state.page == 0)


def _mark(state: ReadingState, page_count: int, *, at: datetime, is_read: bool) -> None:
    # Each has a moment of its own: the newest one is the last in reading order.
    page = max(page_count, 1)
    turn = Progress(page, is_finished=is_read, changed_at=at, is_unread=not is_read)
    merge_turn(state, turn, changed_at=at)


def _restore(job: Job, items: Sequence[JobItem]) -> None:
    """Restore the states before the mark of those that are as it left them."""
    # Locked, so that the devices of the user take turns; the job goes with its owner.
    user = User.objects.select_for_update(no_key=True).get(pk=job.owner_id or 0)
    chapters = [item.subject_id for item in items]
    found = ReadingState.objects.filter(user=user, chapter__in=chapters)
    states = {state.chapter_id: state for state in found}
    back, gone = [], []
    for item in items:
        state = states.get(item.subject_id or 0)
        kept: dict[str, Any] = item.before or {}
        before, marked = kept["state"], kept["marked"]
        if state is None or columns_of(state) != marked:
            item.code = "changed_since"
        elif before is None:
            gone.append(state)
        else:
            set_columns(state, before)
            back.append(state)
    ReadingState.objects.filter(pk__in=[state.pk for state in gone]).delete()
    save_states(back)
    tell_progress([*gone, *back], user=user)
    if items[-1].position == 0 and job.parameters["read"]:  # the last ones come first
        _tell_undone(job, user_id=user.pk)


def _tell_undone(job: Job, *, user_id: int) -> None:
    """Write the event that a mark is undone; `at` is the moment of its last chapter."""
    last = job.items.order_by("-position")[0]
    *_columns, finished_at, _forgotten_at, _changed_at = (last.before or {})["marked"]
    emit("marks_undone", user_id=user_id, title_id=job.parameters["series"], at=finished_at)


MARKS = job_kind(
    name="marks", label=gettext_lazy("Chapters marked read or unread"), undo_chunk=_restore
)
