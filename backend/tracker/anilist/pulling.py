"""Reads people's lists at AniList every few hours, and takes what has changed there.

An account's turn is one chunk of its list; then the others that are due have theirs, so that a long
list does not starve the rest. Where it has got to stands in the account's row. What a complete list
lacks was taken out, if AniList says so when it is asked for that one entry: a list that changes
while it is read may hide one.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.auth.authority import acting
from accounts.models import User
from common.http.errors import AppError
from common.work.background import background_task, wake_queue
from common.work.leases import Lease, LeaseLost, claim, nobody_holds
from sources.contract import Gone, SourceFailed
from tracker.anilist.client import ListType, TokenRefused, lists_of
from tracker.anilist.connecting import QUEUE, NotConnected, lose_token, refuse_off
from tracker.anilist.taking import take_entry, title_of_entry
from tracker.anilist.values import RemoteEntry, values_of_entry, values_of_fields
from tracker.choices import AniListState, Origin, SyncDirection
from tracker.library.items import drop_item, fields_of
from tracker.models import AniListAccount, AniListEntry, LibraryItem

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=4)
# AniList shows the entries of a list that changed last, and no more than so many.
MOST_ENTRIES = 11_000
_TYPES: tuple[ListType, ...] = ("ANIME", "MANGA")
_JITTER_SECONDS = 1200
_TAKEN_AT_ONCE = 25
# So many missing entries are asked for in a turn.
_ASKED_AT_ONCE = 3
_FIRST_RETRY_SECONDS, _MOST_DOUBLINGS = 60, 8
_ACCOUNTS_AT_ONCE = 20
Cursor = dict[str, Any]


def sync_now(user: User) -> None:
    """Have the list read at once, from its beginning.

    Raises AniListOff and NotConnected, and as `acting`.
    """
    with acting(user):
        refuse_off()
        now = timezone.now()
        rows = AniListAccount.objects.filter(user=user, state=AniListState.CONNECTED)
        if not rows.update(pull_at=now, failures=0, is_paused=False):
            raise NotConnected
        # A list that has never been read is read because somebody asked for it.
        rows.filter(pull_cursor={}).update(pull_cursor=_beginning())
        wake_queue(QUEUE)


def _connected() -> QuerySet[AniListAccount]:
    """Return the accounts whose lists are read: those that were imported or asked for once."""
    rows = AniListAccount.objects.filter(state=AniListState.CONNECTED, is_paused=False)
    return rows.filter(Q(pulled_at__isnull=False) | ~Q(pull_cursor={}))


def _due_accounts() -> Iterable[int]:
    due = _connected().filter(nobody_holds(), pull_at__lte=timezone.now())
    return due.order_by("pull_at").values_list("pk", flat=True)[:_ACCOUNTS_AT_ONCE]


@background_task(due=_due_accounts, queue=QUEUE, every_seconds=15, in_turn=True)
def pull_list(pk: int) -> None:
    """Read the next chunk of an account's list, and go behind the others with the rest."""
    lease = claim(_connected().filter(pull_at__lte=timezone.now()), pk)
    if lease is None:
        return
    account = AniListAccount.objects.get(pk=pk)
    cursor: Cursor = account.pull_cursor or _beginning()
    try:
        if cursor["left"]:
            _pull_chunk(lease, account, cursor)
        else:
            _ask_missing(lease, account, cursor)
    except TokenRefused:
        lose_token(account)
        lease.release()
    except SourceFailed as error:
        _try_later(lease, account, error.code, error.until)
    except AppError as error:  # they may do nothing any more, such as those who are banned
        _try_later(lease, account, error.code, None)


def _beginning() -> Cursor:
    return {
        "left": [[kind, 1] for kind in _TYPES], "seen": [], "missing": None, "is_whole": True,
        "began": timezone.now().isoformat(),
        "counts": {
            "entries": 0, "added": 0, "changed": 0, "removed": 0, "conflicts": 0, "failed": 0
        },
    }  # fmt: skip


# --- A chunk ------------------------------------------------------------------------------------


def _pull_chunk(lease: Lease[AniListAccount], account: AniListAccount, cursor: Cursor) -> None:
    kind, chunk = cursor["left"][0]
    found = lists_of(account).get_list_chunk(account.anilist_id or 0, kind, chunk)
    seen = set(cursor["seen"])
    new = [entry for entry in found.entries if entry.media_id not in seen]
    changed = _changed(account, new)
    for start in range(0, len(changed), _TAKEN_AT_ONCE):
        lease.keep()
        _take(account, changed[start : start + _TAKEN_AT_ONCE], cursor["counts"])
    cursor["seen"] += [entry.media_id for entry in new]
    cursor["counts"]["entries"] += len(new)
    cursor["left"] = [*([[kind, chunk + 1]] if found.has_next else []), *cursor["left"][1:]]
    if len(cursor["seen"]) >= MOST_ENTRIES:
        cursor["is_whole"] = False
    if not cursor["left"]:
        cursor["missing"] = _missing(account, cursor)
        cursor["seen"] = []
    _go_on(lease, account, cursor)


def _changed(account: AniListAccount, entries: Sequence[RemoteEntry]) -> list[RemoteEntry]:
    """Return those that are not as both sides agreed."""
    rows = AniListEntry.objects.filter(
        account=account, media_id__in=[entry.media_id for entry in entries]
    )
    agreed = {row.media_id: (row.entry_id, row.agreed) for row in rows}
    return [
        entry
        for entry in entries
        if agreed.get(entry.media_id) != (entry.entry_id, values_of_entry(entry))
    ]


def _take(account: AniListAccount, entries: Sequence[RemoteEntry], counts: Cursor) -> None:
    user = User.objects.get(pk=account.pk)
    with acting(user):
        for entry in entries:
            try:
                with transaction.atomic():
                    title = title_of_entry(account, entry, user=user)
                    taken = take_entry(
                        account, entry, title, user=user, policy="sync", origin=Origin.SYNC
                    )
            except AppError as error:
                log.info("anilist.not_taken", pk=account.pk, code=error.code)
                counts["failed"] += 1
                continue
            counts["conflicts"] += taken.conflicts
            if taken.changes:
                counts["added" if "item" in taken.changes else "changed"] += 1


# --- What is gone -------------------------------------------------------------------------------


def _missing(account: AniListAccount, cursor: Cursor) -> list[int]:
    """Return the entries that were known, and are not in the list that was read.

    What waits to be sent is not among them: it will be there again, or tell why not.
    """
    if not cursor["is_whole"] or account.direction == SyncDirection.PUSH:
        return []
    known = AniListEntry.objects.filter(account=account, entry_id__isnull=False)
    waits_for_nothing = known.filter(waiting_since=None)
    ids = set(waits_for_nothing.values_list("media_id", flat=True))
    return sorted(ids.difference(cursor["seen"]))


def _ask_missing(lease: Lease[AniListAccount], account: AniListAccount, cursor: Cursor) -> None:
    """Ask for some of them, and take out here what they have taken out there."""
    lists = lists_of(account)
    user = User.objects.get(pk=account.pk)
    for media_id in cursor["missing"][:_ASKED_AT_ONCE]:
        lease.keep()
        try:
            entry = lists.get_entry(media_id)
        except Gone:  # AniList has the title no more, which is nobody's wish
            AniListEntry.objects.filter(account=account, media_id=media_id).delete()
            continue
        if entry is not None:
            _take(account, _changed(account, [entry]), cursor["counts"])
            continue
        with acting(user):
            cursor["counts"]["removed"] += _take_out(account, media_id)
    cursor["missing"] = cursor["missing"][_ASKED_AT_ONCE:]
    _go_on(lease, account, cursor)


def _take_out(account: AniListAccount, media_id: int) -> bool:
    """Remove the item, unless it was changed here since both sides agreed: that is sent instead."""
    link = (
        AniListEntry.objects.select_related("title")
        .filter(account=account, media_id=media_id, waiting_since=None)
        .first()
    )
    if link is None:
        return False
    title = link.title
    item = LibraryItem.objects.filter(user=account.pk, title=title).first()
    if item is None:
        link.delete()
        return False
    mine = values_of_fields(fields_of(item), kind=title.kind, minutes=title.duration_minutes)
    if mine != link.agreed:
        # They have it apart from here on; what is changed here next makes it anew there.
        link.entry_id = None
        link.save(update_fields=["entry_id"])
        return False
    drop_item(item, origin=Origin.SYNC)
    link.delete()
    return True


# --- Turns --------------------------------------------------------------------------------------


def _go_on(lease: Lease[AniListAccount], account: AniListAccount, cursor: Cursor) -> None:
    """Keep where the list has got to, and go behind the others; or end."""
    now = timezone.now()
    changes: dict[str, Any] = {"pull_cursor": cursor, "pull_at": now}
    has_ended = not cursor["left"] and not cursor["missing"]
    if has_ended:
        changes = {
            "pull_cursor": {}, "pull_at": _next_time(now), "pulled_at": now,
            "last_result": {**cursor["counts"], "is_whole": cursor["is_whole"]},
        }  # fmt: skip
    # Who asked meanwhile to have it read now has been heard: it was.
    if not lease.rows().update(
        **changes, failures=0, error_code="", attempts=0, lease_token=None, lease_until=None
    ):
        raise LeaseLost(account.pk)
    if not has_ended:
        pull_list.enqueue(account.pk)


def _next_time(now: datetime) -> datetime:
    jitter = random.uniform(-_JITTER_SECONDS, _JITTER_SECONDS)  # noqa: S311 (no secret)
    return now + EVERY + timedelta(seconds=jitter)


def _try_later(
    lease: Lease[AniListAccount], account: AniListAccount, code: str, until: datetime | None
) -> None:
    """Try the same chunk again, after twice as long with each failure in a row."""
    now = timezone.now()
    seconds = _FIRST_RETRY_SECONDS * 2 ** min(account.failures, _MOST_DOUBLINGS)
    pull_at = max(until or now, now + min(timedelta(seconds=seconds), EVERY))
    lease.rows().update(
        pull_at=pull_at, failures=min(account.failures + 1, 1000), error_code=code,
        lease_token=None, lease_until=None,
    )  # fmt: skip
    log.info("anilist.pull_failed", pk=account.pk, code=code)
