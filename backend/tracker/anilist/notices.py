"""People are told 30 and 7 days before AniList's permission ends, which only they can renew."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.emails import EmailText, email_kind, queue_emails_to
from accounts.models import OutgoingEmail, User
from common.work.background import scheduled_task
from tracker.anilist.connecting import NOTICE_DAYS, QUEUE, lose_token
from tracker.choices import AniListState
from tracker.models import AniListAccount

_KIND = "anilist_ends"
_AT_ONCE = 500


@scheduled_task(every_seconds=3600, queue=QUEUE)
def look_at_ends() -> int:
    """Tell people about the ends that come, and write down those that have come.

    Return how many were told.
    """
    now = timezone.now()
    connected = AniListAccount.objects.filter(state=AniListState.CONNECTED)
    for account in connected.filter(token_expires_at__lte=now).order_by("token_expires_at")[
        :_AT_ONCE
    ]:
        lose_token(account)
    told = 0
    for days in sorted(NOTICE_DAYS):  # whoever is told of 7 days need not be told of 30
        ending = connected.filter(
            Q(warned_days__isnull=True) | Q(warned_days__gt=days),
            token_expires_at__gt=now, token_expires_at__lte=now + timedelta(days=days),
        )  # fmt: skip
        while done := _tell(ending, days):
            told += done
    return told


def _tell(ending: QuerySet[AniListAccount], days: int) -> int:
    with transaction.atomic():
        rows = ending.select_for_update(no_key=True).order_by("pk")
        user_ids = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
        AniListAccount.objects.filter(pk__in=user_ids).update(warned_days=days)
        queue_emails_to(User.objects.filter(pk__in=user_ids, is_active=True), _KIND)
    return len(user_ids)


@email_kind(_KIND, is_limited=False)
def _write(row: OutgoingEmail) -> EmailText | None:
    account = AniListAccount.objects.filter(user=row.user_id, state=AniListState.CONNECTED).first()
    if account is None or account.token_expires_at is None or account.warned_days is None:
        return None  # they have renewed it, or ended the connection
    return EmailText(
        subject=_("Connect AniList again soon"),
        body=_(
            "AniList lets us keep your list in step with your library until %(day)s. Connect it "
            "again before then, and nothing is interrupted. Otherwise your changes wait here until "
            "you do."
        )
        % {"day": date_format(account.token_expires_at, "DATE_FORMAT")},
        link=f"{settings.SITE_URL}/settings/anilist",
        link_label=_("Connect again"),
    )
