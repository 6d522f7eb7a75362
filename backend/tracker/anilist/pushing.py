"""Sends what was changed here to people's lists at AniList.

Before an entry is written it is read, and both sides are settled: so nothing that was changed there
meanwhile is overwritten, and after a lost answer or a killed worker the next try sees what has
arrived. What AniList makes of the values is taken once, and is no change of ours.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.auth.authority import Banned, acting
from accounts.auth.sessions import InvalidToken
from accounts.models import User
from common.http.errors import AppError
from common.work.background import background_task
from common.work.leases import Lease, claim, nobody_holds
from sources.contract import Gone, SourceFailed
from tracker.anilist.client import AniListLists, Refused, TokenRefused, lists_of
from tracker.anilist.conflicts import open_fields
from tracker.anilist.connecting import QUEUE, lose_token
from tracker.anilist.taking import rules_of, take_entry
from tracker.anilist.values import EMPTY, RemoteEntry, Values, entry_values, values_of_fields
from tracker.choices import AniListState, Origin, SyncDirection
from tracker.library.items import fields_of
from tracker.models import AniListAccount, AniListEntry, LibraryItem

log = structlog.get_logger(__name__)

_ACCOUNTS_AT_ONCE = 20
_FIRST_RETRY_SECONDS, _MOST_DOUBLINGS = 15, 8
# AniList may set these by itself with a new status: they are named along with it.
_FOLLOW_STATUS = ("progress", "progress_volumes", "started_on", "finished_on", "repeats")


def _sending() -> QuerySet[AniListAccount]:
    rows = AniListAccount.objects.filter(
        state=AniListState.CONNECTED, is_paused=False, send_at__lte=timezone.now()
    )
    return rows.exclude(direction=SyncDirection.PULL)


def _waiting(account_id: Any) -> QuerySet[AniListEntry]:
    ready = Q(retry_at__isnull=True) | Q(retry_at__lte=timezone.now())
    return AniListEntry.objects.filter(ready, account=account_id, waiting_since__isnull=False)


def _accounts_to_send() -> Iterable[int]:
    """Return those that have something to send: first those whose owner looks on."""
    urgent = _waiting(OuterRef("pk")).filter(is_urgent=True)
    due = _sending().filter(nobody_holds()).annotate(is_urgent=Exists(urgent))
    return due.order_by("-is_urgent", "send_at").values_list("pk", flat=True)[:_ACCOUNTS_AT_ONCE]


@background_task(due=_accounts_to_send, queue=QUEUE, every_seconds=15, in_turn=True)
def send_next(pk: int) -> None:
    """Send one title of an account, and go behind the others with the rest."""
    lease = claim(_sending(), pk)
    if lease is None:
        return
    account = AniListAccount.objects.get(pk=pk)
    link = _waiting(pk).select_related("title").order_by("-is_urgent", "waiting_since", "pk")
    entry = link.first()
    if entry is None:
        _rest(lease, account)
        return
    try:
        _send(lists_of(account, urgent=entry.is_urgent), account, entry)
    except TokenRefused:
        lose_token(account)
        lease.release()
        return
    except (Refused, Gone) as error:
        _refuse(entry, error.code, str(error.message))
    except SourceFailed as error:
        _try_later(lease, account, error.code, error.until)
        return
    except (Banned, InvalidToken) as error:  # nothing of theirs may be written, for now
        _try_later(lease, account, error.code, None)
        return
    except AppError as error:
        _refuse(entry, error.code, str(error.message))
    lease.rows().update(
        send_at=timezone.now(), failures=0, error_code="", attempts=0, lease_token=None,
        lease_until=None,
    )  # fmt: skip
    send_next.enqueue(pk)


def _rest(lease: Lease[AniListAccount], account: AniListAccount) -> None:
    """Nothing is to be sent, until something changes or may be tried again."""
    later = AniListEntry.objects.filter(account=account, waiting_since__isnull=False)
    send_at = later.order_by("retry_at").values_list("retry_at", flat=True).first()
    rows = lease.rows()
    # Unless something was changed meanwhile.
    rows.filter(send_at=account.send_at).update(send_at=send_at)
    rows.update(attempts=0, lease_token=None, lease_until=None)


def _refuse(entry: AniListEntry, code: str, words: str) -> None:
    """It is told why, and waits for another change."""
    AniListEntry.objects.filter(pk=entry.pk, waiting_since=entry.waiting_since).update(
        waiting_since=None, is_urgent=False, refusal_code=code, refusal=words[:300]
    )
    log.info("anilist.refused", pk=entry.account_id, code=code)


def _try_later(
    lease: Lease[AniListAccount], account: AniListAccount, code: str, until: datetime | None
) -> None:
    now = timezone.now()
    seconds = _FIRST_RETRY_SECONDS * 2 ** min(account.failures, _MOST_DOUBLINGS)
    send_at = max(until or now, now + timedelta(seconds=seconds))
    lease.rows().update(
        send_at=send_at, failures=min(account.failures + 1, 1000), error_code=code,
        lease_token=None, lease_until=None,
    )  # fmt: skip
    log.info("anilist.send_failed", pk=account.pk, code=code)


# --- One title ----------------------------------------------------------------------------------


def _send(lists: AniListLists, account: AniListAccount, entry: AniListEntry) -> None:
    user = User.objects.get(pk=account.pk)
    theirs = lists.get_entry(entry.media_id)
    if not LibraryItem.objects.filter(user=user, title=entry.title).exists():
        _send_removal(lists, account, entry, theirs)
        return
    with acting(user):
        if theirs is not None:
            _take(account, entry, theirs, user=user)
        elif entry.entry_id is not None:  # they took it out there; a later change makes it anew
            _forget(entry)
        entry.refresh_from_db()
        mine = _mine(entry)
        wanted = _wanted(account, entry, mine, is_there=theirs is not None)
        if not wanted:
            _note_sent(entry, is_equal=mine == entry.agreed)
    if not wanted:
        return
    saved = lists.save_entry(entry.media_id, entry_values(wanted, agreed=entry.agreed))
    with acting(user):
        # Both agree on what was sent; what AniList has made of it is its own change since then.
        AniListEntry.objects.filter(pk=entry.pk).update(
            agreed={**EMPTY, **entry.agreed, **wanted}, entry_id=saved.entry_id, waiting_since=None,
            is_urgent=False,
        )  # fmt: skip
        _take(account, entry, saved, user=user)


def _take(account: AniListAccount, entry: AniListEntry, theirs: RemoteEntry, *, user: User) -> None:
    """Settle both sides; where the item has gone meanwhile, that is sent next."""
    if not LibraryItem.objects.filter(user=user, title=entry.title).exists():
        AniListEntry.objects.filter(pk=entry.pk).update(waiting_since=timezone.now())
        return
    with transaction.atomic():
        take_entry(account, theirs, entry.title, user=user, policy="sync", origin=Origin.SYNC)


def _forget(entry: AniListEntry) -> None:
    AniListEntry.objects.filter(pk=entry.pk).update(entry_id=None, agreed={}, agreed_at=None)


def _mine(entry: AniListEntry) -> Values:
    item = LibraryItem.objects.get(user=entry.account_id, title=entry.title)
    title = entry.title
    return values_of_fields(fields_of(item), kind=title.kind, minutes=title.duration_minutes)


def _wanted(
    account: AniListAccount, entry: AniListEntry, mine: Values, *, is_there: bool
) -> Values:
    """Return what is to be written: what differs from what both sides agree on."""
    sends = set(rules_of(account, mine).sends) - open_fields(account.pk, entry.title_id)
    if not is_there:
        return {name: mine[name] for name in EMPTY if name in sends}
    agreed = {**EMPTY, **entry.agreed}
    wanted = {name: mine[name] for name in EMPTY if name in sends and mine[name] != agreed[name]}
    if "status" in wanted:
        wanted |= {name: mine[name] for name in _FOLLOW_STATUS if name in sends}
    return wanted


def _note_sent(entry: AniListEntry, *, is_equal: bool) -> None:
    AniListEntry.objects.filter(pk=entry.pk).update(waiting_since=None, is_urgent=False)
    if is_equal:
        items = LibraryItem.objects.filter(user=entry.account_id, title=entry.title)
        items.update(synced_at=timezone.now())


def _send_removal(
    lists: AniListLists, account: AniListAccount, entry: AniListEntry, theirs: RemoteEntry | None
) -> None:
    """Take it out there, where the person wants that and did so here; else only note it."""
    rows = AniListEntry.objects.filter(pk=entry.pk, waiting_since=entry.waiting_since)
    if theirs is None:
        rows.delete()
        return
    if account.send_deletions and entry.is_deleted_here:
        lists.delete_entry(theirs.entry_id)
        rows.delete()
        return
    rows.update(waiting_since=None, is_urgent=False)
