"""The e-mail that tells moderators which uploads wait; it is off unless MODERATOR_DIGEST is set."""

from datetime import timedelta

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.emails import EmailText, email_kind, queue_email
from accounts.models import OutgoingEmail, User, active_ban
from common.work.background import scheduled_task
from common.work.pauses import begin_pause
from reader.models import Upload

log = structlog.get_logger(__name__)

_LISTED = 20
_KIND = "moderator_digest"


@scheduled_task(every_seconds=300)
def queue_moderator_digest() -> int:
    """Queue an e-mail to every moderator once in MODERATOR_DIGEST hours while uploads wait.

    Return how many. The pause begins in the transaction of the e-mails: of two workers one writes,
    and no e-mail is lost.
    """
    hours = settings.MODERATOR_DIGEST_HOURS
    if hours is None or not Upload.objects.all().waiting().exists():
        return 0
    # A minute less, so that the round at the same time of the next day is not a moment too early.
    until = timezone.now() + timedelta(hours=hours, minutes=-1)
    with transaction.atomic():
        if not begin_pause(_KIND, until):
            return 0
        moderators = _moderators()
        for moderator, address in moderators:
            queue_email(_KIND, address=address, language=moderator.language, user=moderator)
    log.info("digest.queued", emails=len(moderators))
    return len(moderators)


def _moderators() -> list[tuple[User, str]]:
    """Return the users who decide about uploads, each with a confirmed address."""
    moderators = (
        User.objects.filter(
            Q(is_superuser=True)
            | Q(groups__permissions__codename="moderate_upload")
            | Q(user_permissions__codename="moderate_upload"),
            is_active=True,
        )
        .exclude(active_ban())
        .distinct()
        .order_by("pk")
    )
    known: dict[int, str] = {}
    addresses = EmailAddress.objects.filter(user__in=moderators).order_by("verified", "primary")
    for user_id, email, verified in addresses.values_list("user_id", "email", "verified"):
        known[user_id] = email if verified else ""
    # A user without an address row was made by an admin by hand: `user.email` counts.
    pairs = [(user, known.get(user.pk, user.email)) for user in moderators]
    return [(user, address) for user, address in pairs if address]


@email_kind(_KIND, is_limited=False)
def _write_what_waits(row: OutgoingEmail) -> EmailText | None:
    waiting = Upload.objects.all().waiting()
    count = waiting.count()
    if not count or row.user is None or row.user.is_banned:
        return None
    if not row.user.has_perm("reader.moderate_upload"):
        return None
    subject = ngettext(
        "%(count)d chapter waits for review", "%(count)d chapters wait for review", count
    ) % {"count": count}
    oldest = waiting.select_related("chapter__series", "uploader")[:_LISTED]
    lines = [_line(upload) for upload in oldest]
    if count > _LISTED:
        lines.append(_("… and %(count)d more.") % {"count": count - _LISTED})
    return EmailText(
        subject,
        f"{subject}:\n\n" + "\n".join(lines),
        link=f"{settings.SITE_URL}/admin/reader/upload/review/",
        link_label=_("Review"),
    )


def _line(upload: Upload) -> str:
    return _("%(chapter)s, by %(uploader)s, %(pages)d p., since %(time)s") % {
        "chapter": upload.chapter.words_after(upload.chapter.series.name_in(get_language() or "")),
        "uploader": upload.source_label or upload.uploader or _("somebody who left"),
        "pages": upload.page_count,
        "time": date_format(upload.created_at, "SHORT_DATETIME_FORMAT"),
    }
