"""Items of a library: added, changed and removed, by their user, by what they read, by an undo.

Every change goes through `change_item`: what follows by itself, the counters, the history.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.auth.authority import acting
from accounts.models import User
from catalog.choices import Kind, Moderation
from catalog.models import Title
from catalog.unlisted import make_private_title
from common.http.errors import AppError, NotFound
from sources.contract import FoundTitle
from sources.titles.covers import ask_for_cover
from sources.titles.linking import put_source_title, shared_titles
from sources.titles.matching import titles_at
from tracker.choices import ItemStatus, Origin
from tracker.library.counters import count_changes, counted
from tracker.library.history import ITEM, can_undo, differences, plain, record_change
from tracker.library.preferences import preferences_of
from tracker.library.progress import Extent, extent_of, settle
from tracker.library.rows import FIELD_COLUMNS
from tracker.library.tags import TooMany, retag, tags_of
from tracker.library.unread import recount_unread
from tracker.models import LibraryChange, LibraryCount, LibraryItem

MAX_ITEMS = 100_000
# Of an item that is to be changed: all of it, and what `extent_of_title` asks of its title.
_COLUMNS = (
    *(field.attname for field in LibraryItem._meta.concrete_fields),
    *(f"title__{name}" for name in ("kind", "status", "length", "duration_minutes")),
)
_CLOCK_SKEW = timedelta(minutes=5)
TAGS = "tags"
Fields = Mapping[str, Any]


class ChangedMeanwhile(AppError):
    """The item is not as the client has seen it: another device changed it."""

    code = "changed_meanwhile"
    status = 412


class NotLastChange(AppError):
    """Only the last change of a title can be undone; after it, the one before."""

    code = "not_last_change"
    status = 409


# --- Adding -------------------------------------------------------------------------------------


def add_item(
    user: User, *, title_id: int, fields: Fields, origin: Origin
) -> tuple[LibraryItem, bool]:
    """Add a title that the user may see, or change the item that they have of it.

    Returns the item, and True where it is new. Raises NotFound and TooMany, and as `acting`.
    """
    with acting(user):
        title = _addable(user, [title_id])
        if title is None:
            raise NotFound(_("There is no such title."))
        return put_item(user, title, fields, origin=origin)


def add_named_item(
    user: User, *, kind: Kind, name: str, fields: Fields, origin: Origin
) -> tuple[LibraryItem, bool]:
    """Add a title that is known by its name alone, as an unlisted one that is the user's own.

    Returns and raises as `add_item`, and Invalid for an impossible name.
    """
    with acting(user):
        title = make_private_title(kind=kind, name=name, owner=user)
        item, is_new = put_item(user, title, fields, origin=origin)
        _fetch_named_cover(item, fields, user=user)
    return item, is_new


def _fetch_named_cover(item: LibraryItem, fields: Fields, *, user: User) -> None:
    """Have the cover fetched whose address the user gives for a title of their own."""
    is_own = item.title.moderation == Moderation.UNLISTED and item.title.created_by_id == user.pk
    if is_own and fields.get("cover_url"):
        ask_for_cover(item.title, fields["cover_url"])


def add_found_item(
    user: User, *, source: str, found: FoundTitle, fields: Fields, origin: Origin
) -> tuple[LibraryItem, bool]:
    """Add a title that a source knows; where it is not here it is made, unlisted.

    Returns and raises as `add_item`.
    """
    with acting(user):
        title, _is_new = put_source_title(source, found, user=user)
        return put_item(user, title, fields, origin=origin)


def find_external(user: User, *, site: str, external_id: str, kind: Kind | None) -> int | None:
    """Return the id of the title that has the id of another site; None where there is none.

    MyAnimeList counts what is watched and what is read apart: there `kind` decides between two.
    """
    title = _addable(user, titles_at(site, external_id, kind=kind))
    return None if title is None else title.pk


def _addable(user: User, ids: Collection[int]) -> Title | None:
    """Return the first of the titles that the user may add: one that they see, or a source's.

    What somebody else has named for themselves is private.
    """
    private = {
        "moderation": Moderation.UNLISTED,
        **{f"{site}_id__isnull": True for site in ("anilist", "mal", "mangadex")},
    }
    others = Title.objects.filter(**private).exclude(created_by=user.pk)
    seen = Title.objects.all().visible_to(user).exclude(pk__in=others.values("pk"))
    for titles in (seen, shared_titles()):
        title = titles.filter(pk__in=ids).order_by("pk").first()
        if title is not None:
            return title
    return None


def put_item(
    user: User,
    title: Title,
    fields: Fields,
    *,
    origin: Origin,
    begins_as: ItemStatus = ItemStatus.PLANNING,
    at: datetime | None = None,
) -> tuple[LibraryItem, bool]:
    """Add a title or change its item, in a transaction that holds the user's row."""
    item = LibraryItem.objects.filter(user=user, title=title).first()
    if item is not None:
        item.title = title
        change_item(item, fields, user=user, origin=origin, at=at)
        return item, False
    item = _new_item(user, title, begins_as=begins_as)
    now = item.created_at
    settled = _settled(item, {**fields_of(item), TAGS: []}, fields, user=user)
    item.field_times = dict.fromkeys(("status", *fields), stamp(at or now))
    _insert(item, settled, user=user, origin=origin, at=at)
    return item, True


def take_fields(
    user: User, title: Title, fields: Fields, *, origin: Origin, changed_at: datetime | None
) -> LibraryChange | None:
    """Give an item the fields that another site has, to the letter: nothing follows by itself.

    It is added where it is not there. `changed_at` is when they were changed at that site. Call it
    in a transaction that holds the user's row. Returns the row of the history; None where nothing
    is different. Raises TooMany.
    """
    now = timezone.now()
    moment = min(changed_at or now, now)
    item = LibraryItem.objects.filter(user=user, title=title).first()
    if item is None:
        item = _new_item(user, title, begins_as=ItemStatus.PLANNING)
        item.field_times = dict.fromkeys(fields, stamp(moment))
        return _insert(item, {**fields_of(item), TAGS: [], **fields}, user=user, origin=origin)
    before: dict[str, Any] = fields_of(item)
    return _write(
        item, before, {**before, **fields}, named=fields, origin=origin, at=now, stamped=moment
    )


def _new_item(user: User, title: Title, *, begins_as: ItemStatus) -> LibraryItem:
    kept = LibraryCount.objects.filter(user=user).aggregate(total=Sum("items"))["total"] or 0
    if kept >= MAX_ITEMS:
        raise TooMany(_("A library has at most %(count)d titles.") % {"count": MAX_ITEMS})
    item = LibraryItem(
        user=user, title=title, kind=title.kind, name_order=title.name_order, status=begins_as
    )
    item.created_at = item.updated_at = timezone.now()
    return item


def _insert(
    item: LibraryItem,
    fields: Fields,
    *,
    user: User,
    origin: Origin,
    at: datetime | None = None,
) -> LibraryChange:
    for field, column in FIELD_COLUMNS.items():
        setattr(item, column, fields[field])
    item.save()
    if fields[TAGS]:
        retag(item, fields[TAGS])
    recount_unread(item, user.reading_languages)
    count_changes([(item.user_id, None, counted(item))])
    return record_change(
        user_id=item.user_id, title_id=item.title_id, origin=origin, at=at,
        changes={ITEM: [None, snapshot(item)]},
    )  # fmt: skip


# --- Changing -----------------------------------------------------------------------------------


def edit_item(
    user: User,
    pk: int,
    *,
    fields: Fields,
    origin: Origin,
    changed_at: datetime | None = None,
    seen: str | None = None,
) -> LibraryItem:
    """Change the fields that are given; of two devices the later one wins, field by field.

    `changed_at` is when the user did it, by the clock of their device; `seen` is the version that
    the client knows. Raises NotFound and ChangedMeanwhile, and as `acting`.
    """
    with acting(user):
        item = _own_item(user, pk)
        _refuse_changed(item, seen)
        change_item(item, fields, user=user, origin=origin, at=changed_at)
        _fetch_named_cover(item, fields, user=user)
    return item


def step_progress(user: User, pk: int, *, by: int, origin: Origin) -> LibraryItem:
    """Move the progress on or back, from where it is; raises NotFound, and as `acting`."""
    with acting(user):
        item = _own_item(user, pk)
        progress = max(0, item.progress + by)
        change_item(item, {"progress": progress}, user=user, origin=origin)
    return item


def remove_item(user: User, pk: int, *, origin: Origin, seen: str | None = None) -> None:
    """Remove an item; its history stays. Raises NotFound and ChangedMeanwhile, and as `acting`."""
    with acting(user):
        item = _own_item(user, pk)
        _refuse_changed(item, seen)
        drop_item(item, origin=origin)


def drop_item(item: LibraryItem, *, origin: Origin) -> None:
    """Remove an item, in a transaction that holds the user's row; its history stays."""
    record_change(
        user_id=item.user_id, title_id=item.title_id, origin=origin,
        changes={ITEM: [snapshot(item), None]},
    )  # fmt: skip
    count_changes([(item.user_id, counted(item), None)])
    item.delete()


def change_item(
    item: LibraryItem,
    fields: Fields,
    *,
    user: User,
    origin: Origin,
    at: datetime | None = None,
) -> LibraryChange | None:
    """Change an item with all that follows, in a transaction that holds the user's row.

    Returns the row of the history; None where nothing is different.
    """
    now = timezone.now()
    moment = min(at or now, now + _CLOCK_SKEW)
    wanted = {
        field: value
        for field, value in fields.items()
        if item.field_times.get(field, "") <= stamp(moment)
    }
    before: dict[str, Any] = fields_of(item)
    if TAGS in wanted:
        before[TAGS] = tags_of([item.pk]).get(item.pk, [])
    after = _settled(item, before, wanted, user=user)
    return _write(item, before, after, named=wanted, origin=origin, at=moment)


def _write(
    item: LibraryItem,
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    named: Iterable[str],
    origin: Origin,
    at: datetime,
    stamped: datetime | None = None,
) -> LibraryChange | None:
    """Save the fields that differ, with counters and history; `named` were touched in any case.

    `stamped` is when they were changed, where that is not the moment of the history.
    """
    was = counted(item)
    if TAGS in after:
        retag(item, after[TAGS])
        after[TAGS] = tags_of([item.pk]).get(item.pk, [])
    changes = differences(before, after)
    item.field_times |= dict.fromkeys([*named, *changes], stamp(stamped or at))
    if not changes:
        item.save(update_fields=["field_times"])
        return None
    for field in changes.keys() & FIELD_COLUMNS.keys():
        setattr(item, FIELD_COLUMNS[field], after[field])
    # Never the same again: it is the version that If-Match names.
    item.updated_at = max(timezone.now(), item.updated_at + timedelta(microseconds=1))
    columns = [FIELD_COLUMNS[field] for field in changes if field != TAGS]
    item.save(update_fields=[*columns, "field_times", "updated_at"])
    count_changes([(item.user_id, was, counted(item))])
    return record_change(
        user_id=item.user_id, title_id=item.title_id, changes=changes, origin=origin, at=at
    )


def _own_item(user: User, pk: int) -> LibraryItem:
    found = LibraryItem.objects.select_related("title").only(*_COLUMNS).filter(user=user, pk=pk)
    item = next(iter(found), None)  # `first()` would sort it, for a third more
    if item is None:
        raise NotFound(_("There is no such item in your library."))
    return item


def version_of(item_id: int, updated_at: datetime) -> str:
    """Return the version of an item as its ETag names it."""
    return f'"{item_id}-{int(updated_at.timestamp() * 1_000_000)}"'


def _refuse_changed(item: LibraryItem, seen: str | None) -> None:
    if seen is not None and seen != version_of(item.pk, item.updated_at):
        raise ChangedMeanwhile(_("It was changed meanwhile. Look at it again."))


def fields_of(item: LibraryItem) -> dict[str, Any]:
    """Return what the user has set of an item, by the API's names, without its tags."""
    return {field: getattr(item, column) for field, column in FIELD_COLUMNS.items()}


def snapshot(item: LibraryItem) -> dict[str, Any]:
    """Return all that the user has set of an item, as JSON has it."""
    fields = {field: plain(value) for field, value in fields_of(item).items()}
    return {**fields, TAGS: tags_of([item.pk]).get(item.pk, [])}


def _settled(item: LibraryItem, before: Fields, wanted: Fields, *, user: User) -> dict[str, Any]:
    return settle(
        before, wanted, extent=extent_of_title(item.title),
        preferences=preferences_of(user.pk), today=today_of(user),
    )  # fmt: skip


def extent_of_title(title: Title) -> Extent:
    """Return how long a title is as far as is known."""
    return extent_of(
        title.kind, status=title.status, length=title.length, minutes=title.duration_minutes
    )


def today_of(user: User) -> date:
    """Return the date where the user lives; in UTC where they have not said."""
    return timezone.now().astimezone(ZoneInfo(user.time_zone or "UTC")).date()


def stamp(moment: datetime) -> str:
    """Return a time as text that sorts as the times do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# --- Undoing ------------------------------------------------------------------------------------


def undo_change(user: User, change_id: int) -> LibraryItem | None:
    """Undo the last change of a title in the library; return its item, or None if it is gone now.

    Raises NotFound and NotLastChange, and as `acting`.
    """
    with acting(user):
        change = LibraryChange.objects.filter(user=user, pk=change_id).first()
        if change is None:
            raise NotFound(_("There is no such change."))
        if not can_undo(change):
            raise NotLastChange(_("Only the last change can be undone."))
        return take_back(change, user=user)


def take_back(change: LibraryChange, *, user: User) -> LibraryItem | None:
    """Set an item back to what it was before its last change, in a transaction that holds the
    user's row; return it, or None if it is gone now."""
    LibraryChange.objects.filter(pk=change.pk).update(undone_at=timezone.now())
    title = Title.objects.get(pk=change.title_id)
    item = LibraryItem.objects.filter(user=user, title=title).first()
    if item is None:
        return _bring_back(user, title, change)
    item.title = title
    if ITEM in change.changes:
        drop_item(item, origin=Origin.UNDO)
        return None
    _restore(item, change)
    return item


def _restore(item: LibraryItem, change: LibraryChange) -> None:
    """Set the fields as they were, without anything that follows by itself."""
    fields = from_plain({field: pair[0] for field, pair in change.changes.items()})
    before: dict[str, Any] = fields_of(item)
    if TAGS in fields:
        before[TAGS] = tags_of([item.pk]).get(item.pk, [])
    _write(item, before, {**before, **fields}, named=fields, origin=Origin.UNDO, at=timezone.now())


def _bring_back(user: User, title: Title, change: LibraryChange) -> LibraryItem:
    """Add the item that the change removed, as it was."""
    item = LibraryItem(user=user, title=title, kind=title.kind, name_order=title.name_order)
    _insert(item, from_plain(change.changes[ITEM][0]), user=user, origin=Origin.UNDO)
    return item


def from_plain(fields: Fields) -> dict[str, Any]:
    """Return fields from the history as an item has them."""
    found = dict(fields)
    for field in ("started_on", "finished_on"):
        if found.get(field) is not None:
            found[field] = date.fromisoformat(found[field])
    return found
