"""What somebody reads here moves their library: the progress of the title, and what is unread.

The reading states stay the truth about pages, the item about the title.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from catalog.models import Title
from common.models import Event
from common.work.events import event_consumer
from tracker.choices import ItemStatus, Origin
from tracker.library.counters import count_changes, counted
from tracker.library.history import ITEM, can_undo
from tracker.library.items import change_item, put_item, take_back
from tracker.library.progress import progress_from_reading
from tracker.library.unread import (
    UNREAD_COLUMNS,
    Owner,
    StateRow,
    TitleChapters,
    chapters_of,
    set_unread,
    states_of,
)
from tracker.models import NOTHING_UNREAD, LibraryChange, LibraryItem, LibrarySettings

# A page or two of what is unread.
_NEWEST = 100


@dataclass(frozen=True)
class _Reading:
    """What one user has read of one title, and which of it is news."""

    user: User
    title: Title
    chapters: TitleChapters
    states: Sequence[StateRow]
    news: set[int]

    @property
    def newly_finished(self) -> list[StateRow]:
        """The states that are finished and news."""
        return [s for s in self.states if s.chapter_id in self.news and s.finished_at is not None]


@event_consumer(name="tracker.reading", events=("progress_saved",))
def follow_reading(events: Sequence[Event]) -> None:
    """Bring the items of what was read up to date."""
    news: defaultdict[Owner, set[int]] = defaultdict(set)
    for event in events:
        read = event.payload
        news[read["user_id"], read["title_id"]].update(read["chapter_ids"])
    user_ids, title_ids = ({owner[place] for owner in news} for place in (0, 1))
    # Locked as `acting` locks them, so that nothing else changes their libraries meanwhile.
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids).order_by("pk")
    users = {user.pk: user for user in locked}
    titles = Title.objects.in_bulk(title_ids)
    chapters, states = chapters_of(title_ids), states_of(title_ids, user_ids)
    items = _items(title_ids, user_ids)
    preferences = LibrarySettings.objects.in_bulk(user_ids)
    for owner in sorted(news):
        user_id, title_id = owner
        if user_id in users and title_id in titles:
            reading = _Reading(
                users[user_id], titles[title_id], chapters[title_id], states.get(owner, []),
                news[owner],
            )  # fmt: skip
            wishes = preferences.get(user_id) or LibrarySettings(user_id=user_id)
            _follow(items.get(owner), reading, wishes)
    _recount(_items(title_ids, user_ids), news, users, chapters, states)


@event_consumer(name="tracker.marks", events=("marks_undone",))
def follow_undone_marks(events: Sequence[Event]) -> None:
    """Take back what marks that are undone have raised, where nothing has changed since.

    The change that followed a mark has its time. What is still finished may not need it.
    """
    user_ids = {event.payload["user_id"] for event in events}
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids).order_by("pk")
    users = {user.pk: user for user in locked}
    for event in events:
        user, title_id = users.get(event.payload["user_id"]), event.payload["title_id"]
        changes = LibraryChange.objects.filter(
            user=user, title=title_id, origin=Origin.READING,
            at=datetime.fromisoformat(event.payload["at"]),
        ).select_related("title")  # fmt: skip
        change = None if user is None else changes.order_by("-pk").first()
        if user is not None and change is not None and can_undo(change):
            states = states_of([title_id], [user.pk]).get((user.pk, title_id), [])
            reading = _Reading(user, change.title, chapters_of([title_id])[title_id], states, set())
            if _is_without(change, *_progress(reading)):
                take_back(change, user=user)


def _is_without(change: LibraryChange, progress: int, volumes: int) -> bool:
    """Return True where so much was reached before the change."""
    if ITEM in change.changes:
        return not progress and not volumes
    before: dict[str, int] = {name: pair[0] for name, pair in change.changes.items()}
    is_reached = progress <= before.get("progress", progress)
    return is_reached and volumes <= before.get("progress_volumes", volumes)


@event_consumer(name="tracker.languages", events=("reading_languages_changed",))
def follow_languages(events: Sequence[Event]) -> None:
    """Find the next chapters in the languages that users read now, of their newest unread titles.

    The others follow when something of them is published or read.
    """
    user_ids = {event.payload["user_id"] for event in events}
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids).order_by("pk")
    for user in locked:
        unread = LibraryItem.objects.filter(user=user, last_unread_at__gt=NOTHING_UNREAD)
        newest = unread.order_by("-last_unread_at", "-title")[:_NEWEST]
        items = {(user.pk, item.title_id): item for item in newest.select_related("title")}
        title_ids = {title_id for _user_id, title_id in items}
        chapters, states = chapters_of(title_ids), states_of(title_ids, {user.pk})
        _recount(items, items, {user.pk: user}, chapters, states)


def _items(title_ids: set[int], user_ids: set[int]) -> dict[Owner, LibraryItem]:
    found = LibraryItem.objects.filter(title__in=title_ids, user__in=user_ids)
    return {(item.user_id, item.title_id): item for item in found.select_related("title")}


def _follow(item: LibraryItem | None, reading: _Reading, preferences: LibrarySettings) -> None:
    """Move the progress on, never back; add the title, or begin a repeat, where it is wanted."""
    if not preferences.follow_reading or not reading.newly_finished:
        return
    at = max(s.last_finished_at or s.finished_at for s in reading.newly_finished)  # type: ignore[type-var] # these are finished
    if item is None:
        if preferences.add_when_read:
            progress, volumes = _progress(reading)
            put_item(
                reading.user, reading.title,
                {"progress": progress, "progress_volumes": volumes},
                origin=Origin.READING, begins_as=ItemStatus.CURRENT, at=at,
            )  # fmt: skip
        return
    since = _start_of_repeat(item, reading)
    if since is not None and item.status == ItemStatus.COMPLETED and preferences.count_repeats:
        progress, volumes = _progress(reading, since=since)
        fields = {
            "status": ItemStatus.REPEATING.value,
            "progress": progress,
            "progress_volumes": volumes,
        }
    else:
        is_repeat = item.status == ItemStatus.REPEATING
        progress, volumes = _progress(reading, since=_changed_at(item) if is_repeat else None)
        fields = {}
        if progress > item.progress:
            fields["progress"] = progress
        if volumes > item.progress_volumes:
            fields["progress_volumes"] = volumes
    if fields:
        change_item(item, fields, user=reading.user, origin=Origin.READING, at=at)


def _progress(reading: _Reading, *, since: datetime | None = None) -> tuple[int, int]:
    chapters = reading.chapters
    finished = chapters.finished(reading.states, since=since)
    volumes = {row.place: row.volume for row in chapters.rows.values()}
    return progress_from_reading(
        [(volumes[place], place.number) for place in finished],
        [(volumes[place], place.number) for place in chapters.order if place not in finished],
        restarts=reading.title.numbers_restart_per_volume,
    )


def _start_of_repeat(item: LibraryItem, reading: _Reading) -> datetime | None:
    """Return when the first chapter was finished once more after the title was completed."""
    if not reading.chapters.order:
        return None
    first = reading.chapters.order[0]
    completed_at = _changed_at(item)
    again = [
        state.last_finished_at
        for state in reading.newly_finished
        if state.chapter_id in reading.chapters.rows
        and reading.chapters.rows[state.chapter_id].place == first
        and state.last_finished_at is not None
        and state.last_finished_at > completed_at
        and state.finished_at != state.last_finished_at
    ]
    return max(again, default=None)


def _changed_at(item: LibraryItem) -> datetime:
    """Return when the status was last changed, as far as is known."""
    moment = item.field_times.get("status")
    return datetime.fromisoformat(moment) if moment else item.created_at


def _recount(
    items: dict[Owner, LibraryItem],
    owners: Collection[Owner],
    users: dict[int, User],
    chapters: dict[int, TitleChapters],
    states: dict[Owner, list[StateRow]],
) -> None:
    before = {owner: counted(item) for owner, item in items.items() if owner in owners}
    changed = [
        items[owner]
        for owner in before
        if set_unread(
            items[owner], chapters[owner[1]], states.get(owner, []),
            users[owner[0]].reading_languages,
        )
    ]  # fmt: skip
    LibraryItem.objects.bulk_update(changed, UNREAD_COLUMNS)
    count_changes((owner[0], was, counted(items[owner])) for owner, was in before.items())
