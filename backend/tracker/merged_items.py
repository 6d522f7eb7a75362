"""What moves of libraries when a title is merged into another one: items, history and lists.

Who keeps only the merged title finds its item at the other one. Who keeps both has one item of the
two: the surviving title's, which takes what it lacks. Of a list that holds both, one entry goes.

Locks: whoever changes an item holds its user's row, so that counters are exact. `catalog.merging`
has locked all the users of `users_of_title` before the titles, in the order of their ids, as every
worker locks several users; nothing here locks a user. What is unread is left to `TitleRecount`,
whose worker locks users by itself later.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Max
from django.utils import timezone

from catalog.models import Title
from common.merging import move_rows, point_rows
from tracker.choices import Origin
from tracker.library.bulk import link_tags
from tracker.library.counters import Change, count_changes, counted
from tracker.library.history import differences, plain
from tracker.library.items import TAGS, fields_of, from_plain, stamp
from tracker.library.recounts import ask_recount
from tracker.library.rows import FIELD_COLUMNS
from tracker.library.tags import MAX_ITEM_TAGS
from tracker.models import (
    LibraryChange,
    LibraryItem,
    LibraryList,
    LibraryListEntry,
    LibraryTag,
)

# A recount of the merged title ends by itself.
TITLE_COLUMNS = tuple(
    f"tracker.{model}.title"
    for model in ("LibraryItem", "LibraryChange", "LibraryListEntry", "TitleRecount")
)
_AT_ONCE = 500
_SMALL_BATCH = 100
_TIMES = ("synced_at", "created_at", "updated_at")
Named = dict[str, list[Any]]


def users_of_title(title_id: int) -> set[int]:
    """Return the users who keep a title, have kept it, or have it in a list."""
    lists = LibraryList.objects.filter(entries__title=title_id)
    return {
        *LibraryItem.objects.filter(title=title_id).values_list("user_id", flat=True),
        *LibraryChange.objects.filter(title=title_id).values_list("user_id", flat=True).distinct(),
        *lists.values_list("user_id", flat=True),
    }


def merge_items(from_id: int, into_id: int) -> dict[str, Any]:
    """Move them, and return what `unmerge_items` needs."""
    source, into = Title.objects.get(pk=from_id), Title.objects.get(pk=into_id)
    now = timezone.now()
    last = LibraryChange.objects.aggregate(last=Max("pk"))["last"] or 0
    renamed: Named = {"title": [source.name, into.name]}
    joined: list[dict[str, Any]] = []
    for user_ids in _pieces(_holders_of_both(from_id, into_id)):
        joined += _join(user_ids, from_id=from_id, into_id=into_id, renamed=renamed, at=now)
    moved = list(LibraryItem.objects.filter(title=from_id).order_by("pk").values_list("pk", "user"))
    for piece in _pieces(moved):
        _move([pk for pk, _user in piece], title=into)
        _note([(user_id, renamed) for _pk, user_id in piece], title_id=into_id, at=now)
    record = {
        "from": from_id, "into": into_id, "joined": joined, "moved": [pk for pk, _user in moved],
        "last_change": last, "at": now.isoformat(),
        "history": move_rows(
            LibraryChange.objects.all(), "title_id", from_id=from_id, into_id=into_id
        ),
        "entries": move_rows(
            LibraryListEntry.objects.all(), "title_id", from_id=from_id, into_id=into_id,
            once_by=["list_id"],
        ),
        "left_entries": _drop_entries(from_id),
    }  # fmt: skip
    ask_recount([from_id, into_id])
    return record


def unmerge_items(record: dict[str, Any]) -> None:
    """Give back what is still as the merge left it, and what has not come back since."""
    from_id, into_id, last = record["from"], record["into"], record["last_change"]
    source = Title.objects.get(pk=from_id)
    back = LibraryChange.objects.filter(title=into_id)
    point_rows(back, "title_id", record["history"], at_id=from_id)
    since = LibraryChange.objects.filter(title=into_id, pk__gt=last)
    since.filter(origin=Origin.MERGE, at=datetime.fromisoformat(record["at"])).update(
        undone_at=timezone.now()
    )
    again = set(LibraryItem.objects.filter(title=from_id).values_list("user_id", flat=True))
    for ids in _pieces(record["moved"]):
        items = LibraryItem.objects.filter(pk__in=ids, title=into_id).values_list("pk", "user")
        own = {pk: user_id for pk, user_id in items if user_id not in again}
        _move(list(own), title=source)
        # All that was done to these items since then goes with them.
        since.filter(user__in=own.values()).update(title=from_id)
    for joined in _pieces(record["joined"]):
        _part([row for row in joined if row["user"] not in again], source=source, into_id=into_id)
    _give_entries_back(record)
    ask_recount([from_id, into_id])


def _pieces(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]


def _move(ids: Sequence[int], *, title: Title) -> None:
    """Point items at a title, with the copies of its columns."""
    items = list(LibraryItem.objects.filter(pk__in=ids).exclude(kind=title.kind))
    before = [counted(item) for item in items]
    LibraryItem.objects.filter(pk__in=ids).update(
        title=title, kind=title.kind, name_order=title.name_order
    )
    count_changes(
        (item.user_id, was, was._replace(kind=title.kind))
        for item, was in zip(items, before, strict=True)
    )


def _note(changes: Iterable[tuple[int, Named]], *, title_id: int, at: datetime) -> None:
    LibraryChange.objects.bulk_create(
        LibraryChange(
            user_id=user_id, title_id=title_id, at=at, origin=Origin.MERGE, changes=different
        )
        for user_id, different in changes
    )


# --- Two items of one user ----------------------------------------------------------------------


def _holders_of_both(from_id: int, into_id: int) -> list[int]:
    there = LibraryItem.objects.filter(title=into_id)
    both = LibraryItem.objects.filter(title=from_id, user__in=there.values("user"))
    return list(both.order_by("user").values_list("user_id", flat=True))


def _join(
    user_ids: Sequence[int], *, from_id: int, into_id: int, renamed: Named, at: datetime
) -> list[dict[str, Any]]:
    """Make one item of two for some users; return what was, of both."""
    held = LibraryItem.objects.filter(user__in=user_ids)
    others = {item.user_id: item for item in held.filter(title=from_id)}
    kept = list(held.filter(title=into_id).order_by("user"))
    tags = _tags_of([item.pk for item in (*kept, *others.values())])
    records, notes, links = [], [], defaultdict(list)
    counts: list[Change] = []
    for item in kept:
        other, was = others[item.user_id], counted(item)
        own, its = tags[item.pk], tags[other.pk]
        more = [pk for pk in its if pk not in own][: max(0, MAX_ITEM_TAGS - len(own))]
        before, times_before = fields_of(item), dict(item.field_times)
        after = _joined(item, other)
        different = differences(before, after)
        for name in different:
            setattr(item, FIELD_COLUMNS[name], after[name])
            # As late as either: what a device did before and sends later counts as it would have.
            times = [row.field_times[name] for row in (item, other) if name in row.field_times]
            item.field_times |= {name: max(times)} if times else {}
        item.updated_at = max(at, item.updated_at + timedelta(microseconds=1))
        for tag in more:
            links[tag].append(item.pk)
        records.append(
            {
                "user": item.user_id, "item": item.pk, "set": different, "tags": more,
                "field_times": times_before,
                "other": _row_of(other, its),
            }
        )  # fmt: skip
        retagged = {TAGS: [[*own.values()], [*own.values(), *(its[pk] for pk in more)]]}
        notes.append((item.user_id, renamed | different | (retagged if more else {})))
        counts += [(item.user_id, was, counted(item)), (item.user_id, counted(other), None)]
    _save(kept)
    link_tags(dict(links))
    LibraryItem.objects.filter(pk__in=[item.pk for item in others.values()]).delete()
    count_changes(counts)
    _note(notes, title_id=into_id, at=at)
    return records


def _joined(item: LibraryItem, other: LibraryItem) -> dict[str, Any]:
    """Return the fields of the item that stays."""
    own, its = fields_of(item), fields_of(other)
    fields = {**own, "notes": _both_notes(item.notes, other.notes)}
    if _status_time(other) > _status_time(item):
        fields["status"] = other.status
    for name in ("progress", "progress_volumes", "repeats", "favourite", "private"):
        fields[name] = max(own[name], its[name])
    for name, choose in (("started_on", min), ("finished_on", max)):
        days = [day for day in (own[name], its[name]) if day is not None]
        fields[name] = choose(days, default=None)
    for name in ("score", "max_progress", "source", "cover_url"):
        if own[name] in (None, ""):
            fields[name] = its[name]
    return fields


def _both_notes(own: str, its: str) -> str:
    return own if own == its else "\n\n".join(filter(None, (own, its)))


def _status_time(item: LibraryItem) -> str:
    return str(item.field_times.get("status", stamp(item.created_at)))


def _save(items: Iterable[LibraryItem]) -> None:
    columns = [*FIELD_COLUMNS.values(), "field_times", "updated_at"]
    LibraryItem.objects.bulk_update(items, columns, batch_size=_SMALL_BATCH)


def _tags_of(item_ids: Sequence[int]) -> defaultdict[int, dict[int, str]]:
    """Return the tags by item: their names by their ids, sorted by name."""
    links = LibraryItem.tags.through.objects.filter(libraryitem__in=item_ids)
    rows = links.order_by("librarytag__name_folded").values_list(
        "libraryitem_id", "librarytag_id", "librarytag__name"
    )
    found: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for item_id, tag_id, name in rows:
        found[item_id][tag_id] = name
    return found


def _row_of(item: LibraryItem, tags: Iterable[int]) -> dict[str, Any]:
    """Return an item as JSON can hold it; what is unread is counted anew."""
    return {
        "id": item.pk, TAGS: list(tags), "field_times": item.field_times,
        "fields": {name: plain(value) for name, value in fields_of(item).items()},
        "times": {column: plain(getattr(item, column)) for column in _TIMES},
    }  # fmt: skip


def _part(records: Sequence[Mapping[str, Any]], *, source: Title, into_id: int) -> None:
    """Make two items of one for users who still have it: each field that is as the merge left it
    is set back, and the other item is there again."""
    by_item = {record["item"]: record for record in records}
    kept = list(LibraryItem.objects.filter(pk__in=by_item, title=into_id).order_by("user"))
    counts: list[Change] = []
    given: list[int] = []
    others = []
    for item in kept:
        record, was, now = by_item[item.pk], counted(item), fields_of(item)
        old = {name: pair[0] for name, pair in record["set"].items() if plain(now[name]) == pair[1]}
        for name, value in from_plain(old).items():
            setattr(item, FIELD_COLUMNS[name], value)
            item.field_times.pop(name, None)
            if name in record["field_times"]:
                item.field_times[name] = record["field_times"][name]
        item.updated_at = max(timezone.now(), item.updated_at + timedelta(microseconds=1))
        other = _item_of(record["other"], user_id=item.user_id, title=source)
        others.append(other)
        counts += [(item.user_id, was, counted(item)), (item.user_id, None, counted(other))]
        given += record["tags"]
    _save(kept)
    LibraryItem.objects.bulk_create(others)
    count_changes(counts)
    # A tag is one user's, and each user has one of these items.
    gone = LibraryItem.tags.through.objects.filter(libraryitem__in=[item.pk for item in kept])
    for tag_ids in _pieces(given):
        gone.filter(librarytag__in=tag_ids).delete()
    _give_tags_back({by_item[item.pk]["other"]["id"]: by_item[item.pk] for item in kept})


def _give_tags_back(records: Mapping[int, Mapping[str, Any]]) -> None:
    """Give the items that are there again those of their tags that still exist."""
    links = defaultdict(list)
    for item_id, record in records.items():
        for tag in record["other"][TAGS]:
            links[tag].append(item_id)
    for tags in _pieces(list(links)):
        known = LibraryTag.objects.filter(pk__in=tags).values_list("pk", flat=True)
        link_tags({pk: links[pk] for pk in known})


def _item_of(row: Mapping[str, Any], *, user_id: int, title: Title) -> LibraryItem:
    fields = from_plain(row["fields"])
    times = {
        column: None if value is None else datetime.fromisoformat(value)
        for column, value in row["times"].items()
    }
    return LibraryItem(
        pk=row["id"], user_id=user_id, title=title, kind=title.kind, name_order=title.name_order,
        field_times=row["field_times"], **times,
        **{column: fields[name] for name, column in FIELD_COLUMNS.items()},
    )  # fmt: skip


# --- Lists --------------------------------------------------------------------------------------


def _drop_entries(from_id: int) -> list[dict[str, Any]]:
    """Take the merged title out of lists that hold the other one too; return its entries.

    The others keep their positions, which may have gaps.
    """
    left = LibraryListEntry.objects.filter(title=from_id).order_by("pk")
    rows: list[dict[str, Any]] = [
        {"list": list_id, "position": position, "added_at": added_at.isoformat()}
        for list_id, position, added_at in left.values_list("list_id", "position", "added_at")
    ]
    left.delete()
    _grow([row["list"] for row in rows], by=-1)
    return rows


def _give_entries_back(record: Mapping[str, Any]) -> None:
    from_id, into_id = record["from"], record["into"]
    again = LibraryListEntry.objects.filter(title=from_id).values("list")
    entries = LibraryListEntry.objects.filter(title=into_id).exclude(list__in=again)
    point_rows(entries, "title_id", record["entries"], at_id=from_id)
    for rows in _pieces(record["left_entries"]):
        holding = entries.filter(list__in=[row["list"] for row in rows])
        held = set(holding.values_list("list_id", flat=True))
        back = [row for row in rows if row["list"] in held]
        LibraryListEntry.objects.bulk_create(
            LibraryListEntry(
                list_id=row["list"], title_id=from_id, position=row["position"],
                added_at=datetime.fromisoformat(row["added_at"]),
            )
            for row in back
        )  # fmt: skip
        _grow([row["list"] for row in back], by=1)


def _grow(list_ids: Sequence[int], *, by: int) -> None:
    for ids in _pieces(list_ids):
        LibraryList.objects.filter(pk__in=ids).update(entry_count=F("entry_count") + by)
