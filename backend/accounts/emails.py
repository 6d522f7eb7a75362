"""E-mail to users: a row is the queue, the text is made when it is sent, and nothing is lost.

A story calls `queue_email` in its transaction; the worker's `send_email` makes the text, with any
secret link in it, and hands it to Django's mail backend. Each is sent exactly once, as far as SMTP
allows: where the server takes an e-mail and the worker dies, or the connection breaks, before that
is written down, it is sent again under the same Message-ID, by which mailboxes drop the second.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from math import ceil
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Any

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import OutgoingEmail, User
from common.work.background import background_task, scheduled_task
from common.work.leases import Lease, claim, nobody_holds
from common.work.pauses import begin_pause, is_paused

log = structlog.get_logger(__name__)

# Longer than the slowest exchange with a server, so that no other worker takes the e-mail
# meanwhile.
SEND_SECONDS = 300
MAX_ATTEMPTS = 10
FIRST_DELAY_SECONDS = 60
LONGEST_DELAY_SECONDS = 4 * 3600
# Of one kind to one address; see `email`.
PAUSE = timedelta(minutes=2)
MAX_A_DAY, DAY = 5, timedelta(days=1)
KEPT = timedelta(days=7)
_SERVER_REST = timedelta(seconds=30)
_RESTING = "emails.server_rests"
# Stands for a server's answer where an e-mail was dropped before it was sent.
UNDER_WAY, TOO_OFTEN, NOTHING_TO_SEND = "under_way", "too_often", "nothing_to_send"


@dataclass(frozen=True)
class EmailText:
    """The text of an e-mail: paragraphs between empty lines, and at most one link to follow.

    A line of `body` that is an address of this site becomes a link too.
    """

    subject: str
    body: str
    link: str = ""
    link_label: str = ""
    closing: str = ""


Writer = Callable[[OutgoingEmail], EmailText | None]


@dataclass(frozen=True)
class Limit:
    """How often e-mails of one kind are sent to one address; more are dropped silently.

    Each pause is twice the last, up to `longest_pause`. With `a_day_together`, users who claim the
    same address are counted separately, and all together only by that number.
    """

    a_day: int | None = MAX_A_DAY
    a_day_together: int | None = None
    longest_pause: timedelta = PAUSE

    def pause_after(self, count: int) -> timedelta:
        """Return the pause after `count` e-mails of a day."""
        return min(PAUSE * (1 << min(count - 1, 10)), self.longest_pause)


@dataclass(frozen=True)
class Kind:
    """The function that writes e-mails of one kind, and the limit on them."""

    write: Writer
    limit: Limit | None


KINDS: dict[str, Kind] = {}


def email_kind(
    name: str, *, is_limited: bool = True, limit: Limit = Limit()
) -> Callable[[Writer], Writer]:
    """Register the function that writes the e-mails of a kind, in the active language.

    It returns None where the e-mail need not be sent any more. Where `is_limited`, one address gets
    one in two minutes and five a day, unless `limit` says otherwise.
    """

    def register(write: Writer) -> Writer:
        KINDS[name] = Kind(write, limit if is_limited else None)
        return write

    return register


def queue_email(
    kind: str,
    *,
    address: str,
    language: str,
    user: User | None = None,
    params: dict[str, Any] | None = None,
) -> OutgoingEmail:
    """Queue an e-mail, within the caller's transaction.

    Leave out `user` where the caller must not find out whether an account has the address. `params`
    are kept for days, so they must hold no secret.
    """
    row = OutgoingEmail.objects.create(
        kind=kind, address=address, language=language, user=user, params=params or {}
    )
    send_email.enqueue(row.pk)
    return row


def queue_email_to(
    user: User, kind: str, *, params: dict[str, Any] | None = None
) -> OutgoingEmail | None:
    """Queue an e-mail to the user's confirmed address; return None where there is none."""
    address = EmailAddress.objects.filter(user=user, verified=True).order_by("-primary").first()
    if address is None:
        return None
    return queue_email(
        kind, address=address.email, language=user.language, user=user, params=params
    )


def queue_emails_to(
    people: QuerySet[User], kind: str, *, params: dict[str, Any] | None = None
) -> None:
    """Queue an e-mail to each of the users, as queue_email_to does, in two queries in all."""
    addresses = EmailAddress.objects.filter(user__in=people, verified=True)
    of_person = {
        address.user_id: address
        for address in addresses.select_related("user").order_by("primary")  # the primary one last
    }
    emails = OutgoingEmail.objects.bulk_create(
        (
            OutgoingEmail(
                kind=kind,
                address=address.email,
                user=address.user,
                language=address.user.language,
                params=params or {},
            )
            for address in of_person.values()
        ),
        batch_size=500,
    )
    if emails:  # one message is enough: the worker finds the others
        send_email.enqueue(emails[0].pk)


def seconds_until_next(kind: str, *, user: User, address: str) -> int:
    """Return in how many seconds `user` may ask for one more e-mail of a limited kind; 0: now.

    All that this user asked for counts, also what was dropped, and nothing else: otherwise the
    answer would tell whether others have e-mails sent to that address.
    """
    now = timezone.now()
    asked = OutgoingEmail.objects.filter(kind=kind, user=user, address=address)
    moments: list[datetime] = list(
        asked.annotate(moment=Coalesce("sent_at", "created_at"))
        .filter(moment__gt=now - DAY)
        .order_by("-moment")
        .values_list("moment", flat=True)[:MAX_A_DAY]
    )
    free = [now, *(moment + PAUSE for moment in moments[:1])]
    free += [moment + DAY for moment in moments[MAX_A_DAY - 1 :]]
    return ceil((max(free) - now).total_seconds())


# --- Sending ------------------------------------------------------------------------------------


def _emails_to_send() -> Iterable[int]:
    if is_paused(_RESTING):
        return []
    due = OutgoingEmail.objects.filter(
        nobody_holds(), sent_at__isnull=True, attempts__lt=MAX_ATTEMPTS
    )
    return due.order_by("created_at").values_list("pk", flat=True)[:50]


@background_task(due=_emails_to_send, queue="emails", every_seconds=30)
def send_email(pk: int) -> None:
    """Make the text of an e-mail and hand it to the mail server; a failed one is tried again."""
    if is_paused(_RESTING):
        return
    lease = claim(OutgoingEmail.objects.filter(sent_at__isnull=True, attempts__lt=MAX_ATTEMPTS), pk)
    if lease is None:
        return
    lease.rows().update(lease_until=timezone.now() + timedelta(seconds=SEND_SECONDS))
    row = OutgoingEmail.objects.select_related("user").get(pk=pk)
    kind = KINDS[row.kind]
    if kind.limit is not None and not _may_go_now(row, kind.limit):
        _end(lease, error=TOO_OFTEN)
        return
    with override(row.user.language if row.user else row.language):
        text = kind.write(row)
        if text is None:
            _end(lease, error=NOTHING_TO_SEND)
            return
        try:
            _hand_over(row, text)
        except OSError as error:  # SMTP's errors are among them
            _postpone(lease, row, error)
            return
    _end(lease)


def _may_go_now(row: OutgoingEmail, limit: Limit) -> bool:
    """Say whether the limit of the kind lets this e-mail go, for one worker at a time."""
    now = timezone.now()
    day = now - DAY
    with transaction.atomic():
        alike = (
            OutgoingEmail.objects.select_for_update(no_key=True)
            .filter(Q(sent_at__gt=day) | Q(sent_at__isnull=True))
            .filter(kind=row.kind, address=row.address)
            .exclude(error__in=(TOO_OFTEN, NOTHING_TO_SEND))
        )
        others = [one for one in alike.order_by("pk") if one.pk != row.pk and _has_gone(one, now)]
        if limit.a_day_together is not None:
            if len(others) >= limit.a_day_together:
                return False
            others = [other for other in others if other.user_id == row.user_id]
        last = max((other.sent_at or now for other in others), default=None)
        if last is not None and last > now - limit.pause_after(len(others)):
            return False
        if limit.a_day is not None and len(others) >= limit.a_day:
            return False
        OutgoingEmail.objects.filter(pk=row.pk).update(error=UNDER_WAY)
    return True


def _has_gone(row: OutgoingEmail, now: datetime) -> bool:
    if row.sent_at is not None:
        return not row.error
    return row.error == UNDER_WAY and row.lease_until is not None and row.lease_until > now


def _hand_over(row: OutgoingEmail, text: EmailText) -> None:
    mail = _mail_of(row, text)
    with get_connection() as connection:
        connection.send_messages([mail])
    log.info("email.sent", kind=row.kind, pk=row.pk)


def _mail_of(row: OutgoingEmail, text: EmailText) -> EmailMultiAlternatives:
    subject = " ".join(f"{settings.EMAIL_SUBJECT_PREFIX}{text.subject}".split())  # one line, always
    paragraphs = [text.body, text.link, text.closing, f"{settings.SITE_NAME}\n{settings.SITE_URL}"]
    mail = EmailMultiAlternatives(
        subject,
        "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n",
        to=[row.address],
        headers={
            "Message-ID": _message_id(row),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    mail.attach_alternative(_html_of(text), "text/html")
    return mail


def _html_of(text: EmailText) -> str:
    site_root = f"{settings.SITE_URL}/"
    return render_to_string(
        "emails/email.html",
        {
            "text": text,
            "paragraphs": [
                [(line, line.startswith(site_root)) for line in paragraph.splitlines()]
                for paragraph in text.body.split("\n\n")
            ],
            "hint": _("If the button does not work, open this address:"),
            "site_name": settings.SITE_NAME,
            "site_url": settings.SITE_URL,
        },
    )


def _message_id(row: OutgoingEmail) -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    made = f"{settings.INSTANCE}:{row.pk}:{row.created_at.isoformat()}"
    return f"<{salted_hmac('accounts.emails', made, algorithm='sha256').hexdigest()[:32]}@{domain}>"


def _end(lease: Lease[OutgoingEmail], *, error: str = "") -> None:
    lease.rows().update(sent_at=timezone.now(), error=error, lease_token=None, lease_until=None)


def _postpone(lease: Lease[OutgoingEmail], row: OutgoingEmail, error: OSError) -> None:
    delay = min(FIRST_DELAY_SECONDS * 4 ** (row.attempts - 1), LONGEST_DELAY_SECONDS)
    lease.rows().update(
        lease_token=None,
        lease_until=timezone.now() + timedelta(seconds=delay),
        error=f"{type(error).__name__}: {error}"[:200],
    )
    if not isinstance(error, SMTPRecipientsRefused | SMTPSenderRefused | SMTPDataError):
        # The server does not answer: the e-mails behind this one must not each wait for that.
        begin_pause(_RESTING, timezone.now() + _SERVER_REST)
    # Neither the address nor the server's answer about it may stand in a log.
    words = {"kind": row.kind, "pk": row.pk, "attempts": row.attempts}
    if row.attempts >= MAX_ATTEMPTS:
        log.error("email.gave_up", error=type(error).__name__, **words)
    else:
        log.warning("email.failed", error=type(error).__name__, **words)


@scheduled_task(every_seconds=6 * 3600, queue="emails")
def purge_emails() -> int:
    """Delete e-mails that were sent, or given up, a week ago; return how many."""
    before = timezone.now() - KEPT
    gone = Q(sent_at__lt=before) | Q(attempts__gte=MAX_ATTEMPTS, created_at__lt=before)
    count, _by_model = OutgoingEmail.objects.filter(gone).delete()
    return count
