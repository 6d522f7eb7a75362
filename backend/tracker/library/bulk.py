"""One change of up to 10,000 items at once: in one transaction, with a history and with an undo.

It does what `tracker.library.items` does to one item, in statements that each serve many: the
rows are plain dicts, since ten thousand instances would take longer than all the rest.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from common.http.errors import AppError
from common.names import fold_text
from tracker.choices import Origin
from tracker.library.counters import Counted, count_changes
from tracker.library.history import ITEM, differences, plain
from tracker.library.items import TAGS, stamp, today_of
from tracker.library.linked import mark_changed
from tracker.library.lists import add_entries, find_list
from tracker.library.preferences import preferences_of
from tracker.library.progress import extent_of, settle
from tracker.library.rows import FIELD_COLUMNS
from tracker.library.tags import MAX_ITEM_TAGS, TooMany, tags_named, tags_of
from tracker.models import LibraryChange, LibraryItem, LibraryTag

MAX_AT_ONCE = 10_000
DONE, SKIPPED, FAILED = "done", "skipped", "failed"
ITEM_COLUMNS = (
    "pk", "title_id", "kind", "unread_count", "field_times", "updated_at", *FIELD_COLUMNS.values(),
    "title__status", "title__length", "title__duration_minutes",
)  # fmt: skip


class BulkRefused(AppError):
    """All or nothing was asked for, and something cannot be."""

    code = "bulk_refused"
    status = 409


@dataclass(frozen=True)
class Wish:
    """What is to happen to each of the items."""

    fields: dict[str, Any] = field(default_factory=dict)
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()
    add_to_list: int | None = None
    is_removal: bool = False

    @property
    def is_about_tags(self) -> bool:
        """True where tags are to change."""
        return bool(self.add_tags or self.remove_tags)


@dataclass(slots=True)
class Outcome:
    """What became of one item. `before` is what an undo needs: what was changed, from and to."""

    item_id: int
    outcome: str = DONE
    code: str = ""
    before: dict[str, Any] | None = None


def change_rows(
    user: User,
    items: QuerySet[LibraryItem],
    wish: Wish,
    *,
    at: datetime,
    missing: Iterable[int] = (),
) -> list[Outcome]:
    """Change items of the user's in the caller's transaction, which holds the user's row.

    `missing` are ids that were asked for and are not among the user's items. Raises NotFound for a
    list that is not the user's, and TooMany.
    """
    chosen: Any = items.order_by("pk").values(*ITEM_COLUMNS)
    rows: list[dict[str, Any]] = list(chosen[: MAX_AT_ONCE + 1])
    if len(rows) > MAX_AT_ONCE:
        message = _("At most %(count)d titles can be changed at once.") % {"count": MAX_AT_ONCE}
        raise TooMany(message)
    gone = [Outcome(pk, FAILED, "not_found") for pk in missing]
    if wish.is_removal:
        return gone + _remove(user, rows, at=at)
    outcomes = {row["pk"]: Outcome(row["pk"], SKIPPED, "unchanged") for row in rows}
    if wish.fields or wish.is_about_tags:
        _set(user, rows, wish, outcomes, at=at)
    if wish.add_to_list is not None:
        _list(user, rows, wish.add_to_list, outcomes)
    return [*gone, *outcomes.values()]


def _set(
    user: User,
    rows: list[dict[str, Any]],
    wish: Wish,
    outcomes: dict[int, Outcome],
    *,
    at: datetime,
) -> None:
    preferences, today = preferences_of(user.pk), today_of(user)
    tags = _Tags(user, rows, wish)
    changes: dict[int, dict[str, list[Any]]] = {}
    moved: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for row in rows:
        pk = row["pk"]
        before = {name: row[column] for name, column in FIELD_COLUMNS.items()}
        extent = extent_of(
            row["kind"], status=row["title__status"], length=row["title__length"],
            minutes=row["title__duration_minutes"],
        )  # fmt: skip
        after = settle(before, wish.fields, extent=extent, preferences=preferences, today=today)
        if wish.is_about_tags:
            before[TAGS], after[TAGS] = tags.before(pk), tags.after(pk)
            if len(after[TAGS]) > MAX_ITEM_TAGS:
                outcomes[pk] = Outcome(pk, FAILED, "too_many")
                continue
        different = differences(before, after)
        if different:
            changes[pk] = different
            moved.append((row, after))
            outcomes[pk] = Outcome(pk, before={**different, "title": row["title_id"]})
    write_rows(user.pk, moved, changes, origin=Origin.BULK, at=at)
    tags.write(changes.keys())


def write_rows(
    user_id: int,
    moved: list[tuple[dict[str, Any], dict[str, Any]]],
    changes: dict[int, dict[str, list[Any]]],
    *,
    origin: Origin,
    at: datetime,
) -> None:
    """Write the new fields of rows of items, with their counters and their history."""
    moment = stamp(at)
    by_columns: defaultdict[tuple[str, ...], list[list[Any]]] = defaultdict(list)
    counted = []
    for row, after in moved:
        different = changes[row["pk"]]
        names = tuple(name for name in different if name != TAGS)
        times = row["field_times"] | dict.fromkeys(different, moment)
        updated_at = max(at, row["updated_at"] + timedelta(microseconds=1))
        by_columns[names].append([*(after[name] for name in names), times, updated_at, row["pk"]])
        counted.append((user_id, _counted(row), _counted(row | _columns(after))))
    for names, values in by_columns.items():
        _update([*(FIELD_COLUMNS[name] for name in names), "field_times", "updated_at"], values)
    count_changes(counted)
    mark_changed(user_id, [row["title_id"] for row, _after in moved], origin=origin)
    LibraryChange.objects.bulk_create(
        (
            LibraryChange(
                user_id=user_id, title_id=row["title_id"], at=at, origin=origin,
                changes=changes[row["pk"]],
            )
            for row, _after in moved
        ),
        batch_size=1000,
    )  # fmt: skip


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    return {column: fields[name] for name, column in FIELD_COLUMNS.items()}


def _counted(row: dict[str, Any]) -> Counted:
    return Counted(
        row["kind"], row["status"], int(row["is_favourite"]), int(row["unread_count"] > 0),
        row["progress"],
    )  # fmt: skip


def _update(columns: Sequence[str], rows: list[list[Any]]) -> None:
    """Write the columns of many rows, whose ids stand last: a tenth of what `bulk_update` takes."""
    fields = [LibraryItem._meta.get_field(column) for column in columns]
    quoted = connection.ops.quote_name
    words = ", ".join(f"{quoted(str(one.column))} = %s" for one in fields)  # type: ignore[union-attr]
    table = quoted(LibraryItem._meta.db_table)
    prepared = [
        [*(one.get_db_prep_save(value, connection) for one, value in zip(fields, row)), row[-1]]  # type: ignore[union-attr] # noqa: B905 (the id is left over)
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {words} WHERE id = %s", prepared)  # noqa: S608


class _Tags:
    """The tags of many items, before and after some are added and removed."""

    def __init__(self, user: User, rows: Sequence[dict[str, Any]], wish: Wish) -> None:
        self.added = tags_named(user.pk, wish.add_tags) if wish.add_tags else []
        folded = [fold_text(name) for name in wish.remove_tags]
        own = LibraryTag.objects.filter(user=user, name_folded__in=folded)
        self.removed = [tag for tag in own if tag not in self.added] if folded else []
        self._before = tags_of([row["pk"] for row in rows]) if wish.is_about_tags else {}
        self._gone = {tag.name for tag in self.removed}

    def before(self, pk: int) -> list[str]:
        return self._before.get(pk, [])

    def after(self, pk: int) -> list[str]:
        kept = {name for name in self.before(pk) if name not in self._gone}
        return sorted(kept | {tag.name for tag in self.added}, key=fold_text)

    def write(self, item_ids: Collection[int]) -> None:
        link_tags({tag.pk: item_ids for tag in self.added})
        links = LibraryItem.tags.through.objects.filter(libraryitem__in=item_ids)
        if self.removed:
            links.filter(librarytag__in=self.removed).delete()


def link_tags(items_by_tag: dict[int, Collection[int]]) -> None:
    """Give items the tags of these ids; those that they have stay."""
    through = LibraryItem.tags.through
    through.objects.bulk_create(
        (
            through(libraryitem_id=item_id, librarytag_id=tag_id)
            for tag_id, item_ids in items_by_tag.items()
            for item_id in item_ids
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


def _list(
    user: User, rows: list[dict[str, Any]], list_id: int, outcomes: dict[int, Outcome]
) -> None:
    """Put the titles into a list of the user's; what is in it already is unchanged."""
    found = find_list(user, list_id)
    new = set(add_entries(found, [row["title_id"] for row in rows]))
    for row in rows:
        pk = row["pk"]
        if row["title_id"] in new and outcomes[pk].outcome != FAILED:
            title = {"title": row["title_id"]}
            before = {**(outcomes[pk].before or title), "listed": title | {"list": list_id}}
            outcomes[pk] = Outcome(pk, before=before)


def _remove(user: User, rows: list[dict[str, Any]], *, at: datetime) -> list[Outcome]:
    ids = [row["pk"] for row in rows]
    tags = tags_of(ids)
    outcomes = [
        Outcome(row["pk"], before={ITEM: [_snapshot(row, tags), None], "title": row["title_id"]})
        for row in rows
    ]
    LibraryChange.objects.bulk_create(
        (
            LibraryChange(
                user_id=user.pk, title_id=row["title_id"], at=at, origin=Origin.BULK,
                changes={ITEM: [_snapshot(row, tags), None]},
            )
            for row in rows
        ),
        batch_size=1000,
    )  # fmt: skip
    count_changes((user.pk, _counted(row), None) for row in rows)
    titles = [row["title_id"] for row in rows]
    mark_changed(user.pk, titles, origin=Origin.BULK, is_removal=True)
    LibraryItem.objects.filter(pk__in=ids).delete()
    return outcomes


def _snapshot(row: dict[str, Any], tags: dict[int, list[str]]) -> dict[str, Any]:
    fields = {name: plain(row[column]) for name, column in FIELD_COLUMNS.items()}
    return {**fields, TAGS: tags.get(row["pk"], [])}
