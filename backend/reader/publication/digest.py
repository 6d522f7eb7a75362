"""The e-mail that tells moderators what waits for them: off unless MODERATOR_DIGEST is set."""

from collections.abc import Sequence

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage, get_connection
from django.db.models import Q
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User, active_ban
from common.work.background import scheduled_task
from reader.models import Upload

log = structlog.get_logger(__name__)

_LISTED = 20
_CLAIM = "digest.moderators"


@scheduled_task(every_seconds=300)
def send_moderator_digest() -> int:
    """Write to every moderator once in MODERATOR_DIGEST hours while uploads wait; how many mails.

    The claim lies in the shared cache: of two workers one sends, and a lost cache costs at most
    one mail more.
    """
    hours = settings.MODERATOR_DIGEST_HOURS
    if hours is None:
        return 0
    waiting = Upload.objects.all().waiting()
    count = waiting.count()
    # A minute less, so that the round at the same time of the next day is not just too early.
    if not count or not cache.add(_CLAIM, 1, timeout=hours * 3600 - 60):
        return 0
    oldest = list(waiting.select_related("chapter__series", "uploader")[:_LISTED])
    try:
        with get_connection() as connection:
            mails = [
                _digest_mail(moderator, address, count=count, oldest=oldest)
                for moderator, address in _moderators()
            ]
            sent: int = connection.send_messages(mails) or 0 if mails else 0
    except OSError:  # SMTP's errors are among them
        cache.delete(_CLAIM)
        raise
    log.info("digest.sent", mails=sent, waiting=count)
    return sent


def _moderators() -> list[tuple[User, str]]:
    """Return who decides about uploads, each with an address that is theirs for certain."""
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
    # Without a row of their own, staff made that account by hand.
    pairs = [(user, known.get(user.pk, user.email)) for user in moderators]
    return [(user, address) for user, address in pairs if address]


def _digest_mail(
    moderator: User, address: str, *, count: int, oldest: Sequence[Upload]
) -> EmailMessage:
    with translation.override(moderator.language):
        subject = ngettext(
            "%(count)d chapter waits for review", "%(count)d chapters wait for review", count
        ) % {"count": count}
        lines = [f"{subject}:", "", *(_line(upload) for upload in oldest)]
        if count > len(oldest):
            lines.append(_("… and %(count)d more.") % {"count": count - len(oldest)})
        lines += ["", _("Review them:"), f"{settings.SITE_URL}/admin/reader/upload/review/"]
    return EmailMessage(
        settings.EMAIL_SUBJECT_PREFIX + subject, "\n".join(lines), to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip


def _line(upload: Upload) -> str:
    return _("%(chapter)s, by %(uploader)s, %(pages)d p., since %(time)s") % {
        "chapter": upload.chapter,
        "uploader": upload.uploader or _("somebody who left"),
        "pages": upload.page_count,
        "time": date_format(upload.created_at, "SHORT_DATETIME_FORMAT"),
    }
