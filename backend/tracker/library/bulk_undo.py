"""Takes a bulk change back, item by item and field by field: what was changed since then stays."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from catalog.models import Title
from tracker.choices import Origin
from tracker.library.bulk import (
    ITEM_COLUMNS,
    SKIPPED,
    Outcome,
    link_tags,
    write_rows,
)
from tracker.library.counters import count_changes, counted
from tracker.library.history import ITEM, differences, plain
from tracker.library.items import TAGS, from_plain
from tracker.library.linked import mark_changed
from tracker.library.lists import remove_entries
from tracker.library.recounts import ask_recount
from tracker.library.rows import FIELD_COLUMNS
from tracker.library.tags import tags_named, tags_of
from tracker.models import LibraryChange, LibraryItem, LibraryList

Befores = Mapping[int, dict[str, Any]]
CHANGED_MEANWHILE = "changed_meanwhile"


def undo_rows(user: User, befores: Befores, *, at: datetime) -> list[Outcome]:
    """Take the changes of the moment `at` back, in a transaction that holds the user's row.

    `befores` is what `change_rows` has told of each item, by the item's id.
    """
    outcomes = {pk: Outcome(pk, SKIPPED, CHANGED_MEANWHILE) for pk in befores}
    removed = {pk: before for pk, before in befores.items() if ITEM in before}
    listed = {pk: before["listed"] for pk, before in befores.items() if "listed" in before}
    for pk in (
        *_bring_back(user, removed),
        *_unlist(user, listed),
        *_set_back(user, {pk: before for pk, before in befores.items() if pk not in removed}),
    ):
        outcomes[pk] = Outcome(pk)
    _mark_undone(user, [pk for pk, one in outcomes.items() if not one.code], befores, at=at)
    return list(outcomes.values())


def _mark_undone(user: User, undone: Collection[int], befores: Befores, *, at: datetime) -> None:
    """Note in the history that these changes are undone, so that nobody undoes them once more."""
    titles = {befores[pk]["title"] for pk in undone}
    changes = LibraryChange.objects.filter(user=user, title__in=titles, at=at, origin=Origin.BULK)
    changes.update(undone_at=timezone.now())


def _set_back(user: User, befores: Befores) -> Collection[int]:
    """Set the fields back that are still as the change left them."""
    own = LibraryItem.objects.filter(user=user, pk__in=befores).order_by("pk")
    rows: list[Any] = list(own.values(*ITEM_COLUMNS))
    tags = tags_of([row["pk"] for row in rows if TAGS in befores[row["pk"]]])
    changes: dict[int, dict[str, list[Any]]] = {}
    moved, retagged = [], {}
    for row in rows:
        pk = row["pk"]
        now: dict[str, Any] = {name: row[column] for name, column in FIELD_COLUMNS.items()}
        now[TAGS] = tags.get(pk, [])
        old = {
            name: pair[0]
            for name, pair in befores[pk].items()
            if name in now and plain(now[name]) == pair[1]
        }
        after = now | from_plain(old)
        different = differences(now, after)
        if different:
            changes[pk] = different
            moved.append((row, after))
            if TAGS in different:
                retagged[pk] = different[TAGS]
    write_rows(user.pk, moved, changes, origin=Origin.UNDO, at=timezone.now())
    _retag(user, retagged)
    return changes.keys()


def _retag(user: User, retagged: Mapping[int, list[list[str]]]) -> None:
    added: defaultdict[str, list[int]] = defaultdict(list)
    removed: defaultdict[str, list[int]] = defaultdict(list)
    for pk, (now, then) in retagged.items():
        for name in set(then) - set(now):
            added[name].append(pk)
        for name in set(now) - set(then):
            removed[name].append(pk)
    tags = {tag.name: tag.pk for tag in tags_named(user.pk, sorted({*added, *removed}))}
    link_tags({tags[name]: pks for name, pks in added.items() if name in tags})
    for name, pks in removed.items():
        links = LibraryItem.tags.through.objects.filter(libraryitem__in=pks)
        links.filter(librarytag=tags.get(name)).delete()


def _unlist(user: User, listed: Mapping[int, dict[str, int]]) -> Iterable[int]:
    by_list: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for pk, place in listed.items():
        by_list[place["list"]][place["title"]] = pk
    for found in LibraryList.objects.filter(user=user, pk__in=by_list).order_by("pk"):
        items = by_list[found.pk]
        held = set(found.entries.filter(title__in=items).values_list("title_id", flat=True))
        remove_entries(found, held)
        yield from (items[title_id] for title_id in held)


def _bring_back(user: User, befores: Befores) -> Collection[int]:
    """Add the removed items again, where their titles are not in the library by now."""
    wanted = {before["title"]: (pk, before[ITEM][0]) for pk, before in befores.items()}
    if not wanted:
        return ()
    mine = LibraryItem.objects.filter(user=user, title__in=wanted)
    held = set(mine.values_list("title_id", flat=True))
    titles = Title.objects.exclude(pk__in=held).in_bulk(list(wanted))
    items = []
    for title_id, title in titles.items():
        fields = from_plain(wanted[title_id][1])
        items.append(
            LibraryItem(
                user=user, title=title, kind=title.kind, name_order=title.name_order,
                **{column: fields[name] for name, column in FIELD_COLUMNS.items()},
            )
        )  # fmt: skip
    items = LibraryItem.objects.bulk_create(items, batch_size=500)
    _retag(user, {item.pk: [[], wanted[item.title_id][1][TAGS]] for item in items})
    count_changes((user.pk, None, counted(item)) for item in items)
    LibraryChange.objects.bulk_create(
        (
            LibraryChange(
                user=user, title_id=item.title_id, origin=Origin.UNDO,
                changes={ITEM: [None, wanted[item.title_id][1]]},
            )
            for item in items
        ),
        batch_size=1000,
    )  # fmt: skip
    mark_changed(user.pk, [item.title_id for item in items], origin=Origin.UNDO)
    ask_recount([item.title_id for item in items if titles[item.title_id].chapter_count])
    return [wanted[item.title_id][0] for item in items]
