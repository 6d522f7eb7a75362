"""Brings the items of all who hold a title up to date, some holders at a time, after the title's
chapters or its name changed.

An event ends with a row of TitleRecount, which a worker takes; it may be cut off at any line.
"""

from collections.abc import Collection, Iterable, Sequence

from django.db import transaction
from django.db.models import F

from accounts.models import User
from catalog.models import Title
from common.models import Event
from common.work.background import background_task
from common.work.events import QUEUE, event_consumer
from common.work.leases import Lease, claim, nobody_holds
from tracker.library.counters import count_changes, counted
from tracker.library.unread import (
    UNREAD_COLUMNS,
    TitleChapters,
    chapters_of,
    set_unread,
    states_of,
)
from tracker.models import LibraryItem, TitleRecount

# So many reading states are held at a time, at most: of these holders times the chapters.
_STATES_AT_ONCE = 50_000
_HOLDERS_AT_ONCE = 500
# Then others of the queue come first.
_CHUNKS_AT_ONCE = 20


@event_consumer(
    name="tracker.recounts", events=("chapter_published", "chapter_hidden", "title_changed")
)
def ask_for_recounts(events: Sequence[Event]) -> None:
    """Have the holders' items of the titles brought up to date."""
    ask_recount({event.payload["title_id"] for event in events})


def ask_recount(title_ids: Collection[int]) -> None:
    """Have titles recounted for all who hold them, in the caller's transaction."""
    items = LibraryItem.objects.filter(title__in=title_ids).order_by()
    held = list(items.values_list("title_id", flat=True).distinct())
    known = TitleRecount.objects.filter(pk__in=held)
    known.update(asked=F("asked") + 1)
    waiting = set(known.values_list("pk", flat=True))
    TitleRecount.objects.bulk_create(
        (TitleRecount(title_id=pk) for pk in held if pk not in waiting), ignore_conflicts=True
    )
    for pk in held:
        recount_title.enqueue(pk)


def _due_recounts() -> Iterable[int]:
    free = TitleRecount.objects.filter(nobody_holds()).order_by("pk")
    return free.values_list("pk", flat=True)[:20]


@background_task(due=_due_recounts, queue=QUEUE)
def recount_title(title_id: int) -> None:
    """Bring the items of a title up to date for some of its holders, or for all that are left."""
    lease = claim(TitleRecount.objects.all(), title_id)
    if lease is None:
        return
    title = Title.objects.get(pk=title_id)
    asked = lease.rows().values_list("asked", flat=True).first() or 0
    chapters = chapters_of([title_id])[title_id]
    for _chunk in range(_CHUNKS_AT_ONCE):
        lease.keep()
        if not _recount_chunk(lease, title, chapters):
            if lease.rows().filter(asked=asked).delete()[0]:
                return
            lease.rows().update(last_user=0)  # it was asked for once more
            break
    lease.release()
    recount_title.enqueue(title_id)


@transaction.atomic
def _recount_chunk(lease: Lease[TitleRecount], title: Title, chapters: TitleChapters) -> bool:
    """Bring the next holders' items up to date; return False where there are none."""
    row = lease.rows().first()
    if row is None:
        return False
    most = max(1, min(_HOLDERS_AT_ONCE, _STATES_AT_ONCE // max(1, len(chapters.rows))))
    later = LibraryItem.objects.filter(title=title, user__gt=row.last_user).order_by("user")
    user_ids = list(later.values_list("user_id", flat=True)[:most])
    if not user_ids:
        return False
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids).order_by("pk")
    users = {user.pk: user for user in locked.only("pk", "reading_languages")}
    states = states_of([title.pk], user_ids)
    items = list(LibraryItem.objects.filter(title=title, user__in=users))
    before = [counted(item) for item in items]
    changed = [
        item
        for item in items
        if _take_title(item, title)
        | set_unread(
            item, chapters, states.get((item.user_id, title.pk), []),
            users[item.user_id].reading_languages,
        )
    ]  # fmt: skip
    LibraryItem.objects.bulk_update(changed, [*UNREAD_COLUMNS, "kind", "name_order"])
    count_changes(
        (item.user_id, was, counted(item)) for item, was in zip(items, before, strict=True)
    )
    lease.rows().update(last_user=user_ids[-1])
    return True


def _take_title(item: LibraryItem, title: Title) -> bool:
    """Copy what lists sort by; return True where it is another."""
    same = (item.kind, bytes(item.name_order)) == (title.kind, bytes(title.name_order))
    item.kind, item.name_order = title.kind, title.name_order
    return not same
