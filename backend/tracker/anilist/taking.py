"""Takes an entry of somebody's list there into their library here, for an import and for a pull.

Fields come as they are there, and nothing follows from them by itself: what was taken is never a
change of ours that would go back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Title
from common.http.errors import AppError
from sources.plugins.anilist import AniList
from sources.titles.linking import put_source_title
from tracker.anilist.conflicts import note_conflicts, nothing_to_send, want_sent
from tracker.anilist.three_way import Rules, Settled, settle_entry
from tracker.anilist.values import (
    EMPTY,
    RemoteEntry,
    Values,
    fields_of_values,
    values_of_entry,
    values_of_fields,
)
from tracker.choices import Origin, SyncDirection
from tracker.library.history import ITEM
from tracker.library.items import fields_of, take_fields
from tracker.merged_sync import SAME_TITLE
from tracker.models import AniListAccount, AniListEntry, LibraryItem

# How two sides are settled that may never have met: by the account's own rules, or as an import
# was asked to do it.
Policy = Literal["sync", "keep", "overwrite", "latest"]


class SameTitle(AppError):
    """Another entry of the list is the same title here."""

    code = SAME_TITLE
    status = 409

    def __init__(self) -> None:
        super().__init__(_("Another entry of the list is the same title here."))


class NoTitle(AppError):
    """AniList does not say what the title is."""

    code = "no_title"
    status = 502

    def __init__(self) -> None:
        super().__init__(_("AniList does not say what the title is."))


@dataclass(slots=True)
class Taken:
    """What came of an entry. `changes` is `{field: [from, to]}`, as in the history."""

    title_id: int | None
    item_id: int | None = None
    changes: dict[str, list[Any]] = field(default_factory=dict)
    conflicts: int = 0
    code: str = ""


@dataclass(slots=True)
class _Sides:
    item: LibraryItem | None
    link: AniListEntry | None
    theirs: Values
    mine: Values
    settled: Settled | None


def rules_of(account: AniListAccount, mine: Mapping[str, Any]) -> Rules:
    """Return what the person wants of a title that has these values here."""
    sends = set(EMPTY)
    if not account.send_scores:
        sends -= {"score"}
    if not account.send_notes:
        sends -= {"notes"}
    if not account.send_dates:
        sends -= {"started_on", "finished_on"}
    if account.direction == SyncDirection.PULL or (mine["private"] and not account.send_private):
        sends = set()
    return Rules(account.direction != SyncDirection.PUSH, frozenset(sends), account.conflicts)


def title_of_entry(account: AniListAccount, entry: RemoteEntry, *, user: User) -> Title:
    """Return the title of an entry, made where there is none; call it inside `acting(user)`.

    Raises NotFound where moderators took it out, and NoTitle.
    """
    link = AniListEntry.objects.filter(account=account, media_id=entry.media_id)
    known = Title.objects.filter(pk__in=link.values("title")).first()
    if known is not None:
        return known
    if entry.title is None:
        raise NoTitle
    return put_source_title(AniList.name, entry.title, user=user)[0]


def try_entry(
    account: AniListAccount, entry: RemoteEntry, title: Title | None, *, policy: Policy
) -> Taken:
    """Return what `take_entry` would do, and do nothing; without a title it would be added."""
    theirs = values_of_entry(entry)
    if title is None:
        return Taken(None, changes={ITEM: [None, theirs]}, code="would_add")
    sides = _look(account, entry, title, policy=policy)
    if _is_merged_away(sides):
        return Taken(title.pk, code=SameTitle.code)
    if sides.item is None:
        return Taken(title.pk, changes={ITEM: [None, theirs]}, code="would_add")
    to_mine = sides.settled.to_mine if sides.settled else {}
    changes = {name: [sides.mine[name], value] for name, value in to_mine.items()}
    code = "would_change" if changes else _why_not(sides)
    return Taken(title.pk, sides.item.pk, changes, code=code)


def take_entry(
    account: AniListAccount,
    entry: RemoteEntry,
    title: Title,
    *,
    user: User,
    policy: Policy,
    origin: Origin,
) -> Taken:
    """Write what an entry changes here, and what both sides agree on by then.

    Call it in a transaction that holds the user's row. Raises SameTitle and TooMany.
    """
    others = AniListEntry.objects.filter(account=account, title=title)
    if others.exclude(media_id=entry.media_id).exists():
        raise SameTitle
    sides = _look(account, entry, title, policy=policy)
    if _is_merged_away(sides):
        raise SameTitle
    if sides.item is None and not _is_added(account, sides, policy):
        return Taken(title.pk, code="not_here")
    taken = Taken(title.pk)
    wanted = sides.theirs if sides.settled is None else sides.settled.to_mine
    if wanted or sides.item is None:
        fields = fields_of_values(wanted, kind=title.kind, minutes=title.duration_minutes)
        change = take_fields(user, title, fields, origin=origin, changed_at=entry.updated_at)
        taken.changes = {} if change is None else change.changes
    link = _agree(account, entry, title, sides)
    if sides.settled is not None:
        taken.conflicts = note_conflicts(account.pk, title.pk, sides.settled.conflicts)
        if sides.settled.to_theirs:
            want_sent(link)
        elif link.waiting_since is not None:
            nothing_to_send(link)
    taken.item_id = _note_synced(user, title, link, sides)
    taken.code = "" if taken.changes else _why_not(sides)
    return taken


def _why_not(sides: _Sides) -> str:
    return "unchanged" if sides.mine == sides.theirs else "kept"


def _is_merged_away(sides: _Sides) -> bool:
    """Return whether a merge has left the entry behind, as `tracker.merged_sync` marks it."""
    link = sides.link
    return sides.item is None and link is not None and link.refusal_code == SAME_TITLE


def _is_added(account: AniListAccount, sides: _Sides, policy: Policy) -> bool:
    """Return False where they took the title out of the library, and nothing is new there."""
    if policy != "sync":
        return True
    if account.direction == SyncDirection.PUSH:
        return False
    return sides.link is None or sides.theirs != sides.link.agreed


def _look(account: AniListAccount, entry: RemoteEntry, title: Title, *, policy: Policy) -> _Sides:
    item = LibraryItem.objects.filter(user=account.pk, title=title).first()
    link = AniListEntry.objects.filter(account=account, media_id=entry.media_id).first()
    theirs = values_of_entry(entry)
    if item is None:
        return _Sides(None, link, theirs, dict(EMPTY), None)
    mine = values_of_fields(fields_of(item), kind=title.kind, minutes=title.duration_minutes)
    rules = rules_of(account, mine)
    if policy in ("keep", "overwrite"):
        different = {name: value for name, value in theirs.items() if value != mine[name]}
        is_kept = policy == "keep"
        ours = {name: mine[name] for name in different if name in rules.sends}
        settled = Settled({} if is_kept else different, ours if is_kept else {}, theirs, ())
    else:
        if policy == "latest":
            rules = replace(rules, takes=True, policy="latest")
        settled = settle_entry(
            None if link is None else link.agreed, mine, theirs,
            mine_times=times_of(item), theirs_at=entry.updated_at, rules=rules,
        )  # fmt: skip
    return _Sides(item, link, theirs, mine, settled)


def times_of(item: LibraryItem) -> dict[str, datetime]:
    """Return when each field was changed, by the clock of the device that changed it."""
    return {name: datetime.fromisoformat(text) for name, text in item.field_times.items()}


def _agree(
    account: AniListAccount, entry: RemoteEntry, title: Title, sides: _Sides
) -> AniListEntry:
    link = sides.link or AniListEntry(account=account, media_id=entry.media_id)
    link.title = title
    link.entry_id, link.agreed_at = entry.entry_id, entry.updated_at
    link.agreed = sides.theirs if sides.settled is None else sides.settled.agreed
    link.is_deleted_here = False
    if sides.item is None:
        link.waiting_since = None
    link.save()
    return link


def _note_synced(user: User, title: Title, link: AniListEntry, sides: _Sides) -> int | None:
    """Write down when both sides were equal, and return the id of the item."""
    rows = LibraryItem.objects.filter(user=user, title=title)
    mine = sides.theirs if sides.settled is None else {**sides.mine, **sides.settled.to_mine}
    if mine == link.agreed:
        rows.update(synced_at=timezone.now())
    return rows.values_list("pk", flat=True).first()
