"""The log of conflicts: fields that were changed on both sides, and which value counts.

Whoever looks at it can decide what waits, and turn round what was decided.
"""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.auth.authority import acting
from accounts.models import User
from catalog.models import Title
from common.http.errors import NotFound
from tracker.anilist.connecting import refuse_off
from tracker.anilist.three_way import Conflict
from tracker.anilist.values import fields_of_values
from tracker.choices import Kept, KeptWhy, Origin
from tracker.library.items import take_fields
from tracker.models import AniListAccount, AniListConflict, AniListEntry, LibraryItem


def conflicts_of(user_id: int, *, is_open: bool | None = None) -> QuerySet[AniListConflict]:
    """Return somebody's conflicts; those that wait for a decision, or the others, where asked."""
    rows = AniListConflict.objects.filter(account=user_id).select_related("title")
    if is_open is None:
        return rows
    return rows.filter(kept=Kept.WAITS) if is_open else rows.exclude(kept=Kept.WAITS)


def note_conflicts(account_id: int, title_id: int, found: Iterable[Conflict]) -> int:
    """Write conflicts into the log, in the caller's transaction; return how many are new.

    One that waits already is brought up to date. Whatever is decided of a field ends its waiting.
    """
    count = 0
    for one in found:
        waiting = AniListConflict.objects.filter(
            account=account_id, title=title_id, field=one.field, kept=Kept.WAITS
        )
        now = timezone.now()
        said = {
            "mine": one.mine, "theirs": one.theirs, "mine_at": one.mine_at,
            "theirs_at": one.theirs_at, "kept": one.kept, "why": one.why or "",
            "decided_at": None if one.kept == Kept.WAITS else now,
        }  # fmt: skip
        if not waiting.update(**said):
            AniListConflict.objects.create(
                account_id=account_id, title_id=title_id, field=one.field, **said
            )
            count += 1
    return count


def open_fields(account_id: int, title_id: int) -> set[str]:
    """Return the fields of a title that wait for a decision, and so are not sent."""
    rows = AniListConflict.objects.filter(account=account_id, title=title_id, kept=Kept.WAITS)
    return set(rows.values_list("field", flat=True))


def decide_conflict(user: User, pk: int, *, keep: Kept) -> AniListConflict:
    """Have one of both values count, also against what was decided before; return the conflict.

    The library gets the value at once, and AniList with the next change that is sent. Raises
    NotFound, AniListOff, and as `acting`.
    """
    with acting(user):
        refuse_off()
        conflict = conflicts_of(user.pk).filter(pk=pk).first()
        if conflict is None:
            raise NotFound(_("There is no such conflict."))
        if conflict.kept == keep:
            return conflict
        was_open = conflict.kept == Kept.WAITS
        now = timezone.now()
        conflict.kept, conflict.why, conflict.decided_at = keep, KeptWhy.TURNED, now
        conflict.save(update_fields=["kept", "why", "decided_at"])
        _apply(user, conflict, was_open=was_open)
    return conflict


def _apply(user: User, conflict: AniListConflict, *, was_open: bool) -> None:
    title = Title.objects.get(pk=conflict.title_id)
    value = conflict.mine if conflict.kept == Kept.MINE else conflict.theirs
    link = AniListEntry.objects.filter(account=user.pk, title=title).first()
    if was_open and link is not None:
        # What they have is known from now on; what differs from it is to be sent.
        link.agreed = {**link.agreed, conflict.field: conflict.theirs}
        link.save(update_fields=["agreed"])
    if LibraryItem.objects.filter(user=user, title=title).exists():
        fields = fields_of_values(
            {conflict.field: value}, kind=title.kind, minutes=title.duration_minutes
        )
        take_fields(user, title, fields, origin=Origin.SYNC, changed_at=None)
    if link is not None and link.agreed.get(conflict.field) != value:
        want_sent(link, is_urgent=True)


def want_sent(link: AniListEntry, *, is_urgent: bool = False) -> None:
    """Let what differs be sent, in the caller's transaction; a refused row is tried once more."""
    now = timezone.now()
    link.waiting_since = link.waiting_since or now
    link.retry_at, link.refusal_code, link.refusal = None, "", ""
    link.is_urgent = link.is_urgent or is_urgent
    link.save(update_fields=["waiting_since", "retry_at", "refusal_code", "refusal", "is_urgent"])
    AniListAccount.objects.filter(pk=link.account_id).update(send_at=now)


def nothing_to_send(link: AniListEntry) -> None:
    """Write down that both sides are settled, in the caller's transaction."""
    link.waiting_since, link.is_urgent = None, False
    link.save(update_fields=["waiting_since", "is_urgent"])
