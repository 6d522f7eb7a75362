"""Readers ask to become uploaders, and moderators decide; and moderators trust uploaders."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.addresses import refuse_unconfirmed
from accounts.auth.authority import acting
from accounts.emails import EmailText, email_kind, queue_email_to
from accounts.models import OutgoingEmail, RequestState, UploaderRequest, User
from accounts.roles.groups import TRUSTED, UPLOADER, grant_role
from common.http.errors import AlreadyDecided, AppError, Forbidden

_ANSWER = "uploader_answer"


class AlreadyAsked(AppError):
    """The user's last request still waits."""

    code = "already_submitted"
    status = 409


def newest_request(user: User) -> UploaderRequest | None:
    """Return the user's last request."""
    return user.uploader_requests.order_by("-pk").first()


def waiting_requests() -> QuerySet[UploaderRequest]:
    """Return the requests that wait for a moderator, the oldest first."""
    waiting = UploaderRequest.objects.filter(state=RequestState.WAITING)
    return waiting.order_by("created_at", "pk")


def ask_to_upload(user: User, *, text: str) -> UploaderRequest:
    """Queue a request for the moderators; raises AlreadyAsked while another one waits."""
    refuse_unconfirmed(user)
    if user.has_perm("reader.submit_upload"):
        raise AlreadyDecided(_("You may upload already."))
    try:
        with acting(user):
            return UploaderRequest.objects.create(user=user, text=text.strip())
    except IntegrityError as error:
        raise AlreadyAsked(_("Your request waits for a moderator.")) from error


def grant_request(request: UploaderRequest, *, moderator: User, answer: str = "") -> None:
    """Make the user an uploader, and tell them by e-mail."""
    with acting(moderator):
        _refuse_unless_grantor(moderator, request.user)
        if request.user.is_banned:
            raise Forbidden(_("This person is banned."))
        _decide(request, RequestState.GRANTED, moderator=moderator, answer=answer)
        grant_role(request.user, UPLOADER)


def refuse_request(request: UploaderRequest, *, moderator: User, answer: str = "") -> None:
    """Refuse a request, and tell the user by e-mail; they may ask again."""
    with acting(moderator):
        _refuse_unless_grantor(moderator, request.user)
        _decide(request, RequestState.REFUSED, moderator=moderator, answer=answer)


def set_trusted(user: User, *, moderator: User) -> None:
    """Let an uploader's chapters go live without review, except for a sample."""
    with acting(moderator):
        _refuse_unless_grantor(moderator, user)
        if user.is_banned:
            raise Forbidden(_("This person is banned."))
        if not user.has_perm("reader.submit_upload"):
            raise Forbidden(_("Only uploaders can be trusted."))
        _row, is_new = User.groups.through.objects.get_or_create(user=user, group=_trusted())
        if not is_new:
            raise AlreadyDecided(_("This person is trusted already."))
        log_decision(user, action="trust", actor=moderator, from_state=UPLOADER, to_state=TRUSTED)


def unset_trusted(user: User, *, moderator: User) -> None:
    """Let every chapter of an uploader wait for review again."""
    with acting(moderator):
        _refuse_unless_grantor(moderator, user)
        taken, _rows = User.groups.through.objects.filter(user=user, group=_trusted()).delete()
        if not taken:
            raise AlreadyDecided(_("This person is not trusted."))
        grant_role(user, UPLOADER)
        log_decision(user, action="untrust", actor=moderator, from_state=TRUSTED, to_state=UPLOADER)


def _trusted() -> Group:
    return Group.objects.get_or_create(name=TRUSTED)[0]


def _refuse_unless_grantor(moderator: User, user: User) -> None:
    if not moderator.has_perm("accounts.grant_uploader"):
        raise Forbidden(_("Only moderators decide who uploads."))
    if moderator.pk == user.pk:
        raise Forbidden(_("Nobody decides about themselves."))


def _decide(request: UploaderRequest, state: RequestState, *, moderator: User, answer: str) -> None:
    decided = UploaderRequest.objects.filter(pk=request.pk, state=RequestState.WAITING).update(
        state=state, answer=answer.strip(), decided_at=timezone.now(), decided_by=moderator
    )
    if not decided:
        raise AlreadyDecided(_("This request has been decided already."))
    log_decision(
        request.user,
        action=f"{'grant' if state == RequestState.GRANTED else 'refuse'}_uploader",
        actor=moderator,
        from_state=RequestState.WAITING,
        to_state=state,
        reason=answer.strip(),
    )
    queue_email_to(request.user, _ANSWER, params={"request": request.pk})
    request.refresh_from_db()


@email_kind(_ANSWER, is_limited=False)
def _tell_answer(row: OutgoingEmail) -> EmailText | None:
    request = UploaderRequest.objects.filter(pk=row.params["request"], user=row.user).first()
    if request is None or request.state == RequestState.WAITING:
        return None
    words = {"name": row.user}
    if request.state == RequestState.GRANTED:
        subject = _("You may upload now")
        body = (
            _("Hello %(name)s,\n\nyou asked to upload, and a moderator said yes. Welcome!") % words
        )
        link, link_label = f"{settings.SITE_URL}/upload", _("Upload a chapter")
    else:
        subject = _("Your request to upload")
        body = _("Hello %(name)s,\n\nyou asked to upload, and a moderator said no for now.") % words
        link = link_label = ""
    if request.answer:
        body += "\n\n" + _("They wrote:") + f"\n{request.answer}"
    return EmailText(subject=subject, body=body, link=link, link_label=link_label)
