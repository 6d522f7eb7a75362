"""What this app knows about a user: for the export, and for the deletion of the account."""

from collections.abc import Iterable, Iterator, Mapping

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session as AdminSession
from django.core.files.storage import Storage
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.audit import forget_labels
from accounts.models import (
    ApiKey,
    AuditEntry,
    AvatarUpload,
    OutgoingEmail,
    Session,
    Strike,
    UploaderRequest,
    User,
)
from accounts.profile.avatars import avatar_name, forget_avatar
from common.files.storages import (
    STORAGE_ERRORS,
    StorageUnavailable,
    media_storage,
    quarantine_storage,
)
from common.models import Job
from common.personal_data import (
    ExportedFile,
    ExportedPicture,
    Participant,
    stream_rows,
)
from common.work.jobs import KINDS, delete_items

log = structlog.get_logger(__name__)

Rows = Iterable[Mapping[str, object]]

_PROFILE = (
    "id", "username", "display_name", "bio", "email", "language", "time_zone", "visibility",
    "reading_direction", "reading_fit", "data_saver", "reading_languages", "hidden_ratings",
    "date_joined", "last_login", "is_active", "is_staff", "is_superuser", "banned_at",
    "banned_until", "ban_reason",
)  # fmt: skip


# --- What there is ------------------------------------------------------------------------------


def _profile(user_id: int) -> Rows:
    for row in User.objects.filter(pk=user_id).values(*_PROFILE):
        groups = User.groups.through.objects.filter(user=user_id)
        yield {**row, "roles": list(groups.values_list("group__name", flat=True))}


def _avatar(user_id: int) -> bytes | None:
    user = User.objects.select_related("avatar").filter(pk=user_id).first()
    if user is None or not avatar_name(user):
        return None
    storage = media_storage() if user.avatar is not None else quarantine_storage()
    return _read_picture(storage, avatar_name(user), user_id)


def _avatar_upload(user_id: int) -> Rows:
    columns = "shown_name", "created_at", "error_code"
    return stream_rows(AvatarUpload.objects.filter(user=user_id), *columns)


def _sent_avatar(user_id: int) -> bytes | None:
    sent = AvatarUpload.objects.filter(user=user_id, error_code="").first()
    return None if sent is None else _read_picture(quarantine_storage(), sent.file_name, user_id)


def _read_picture(storage: Storage, name: str, user_id: int) -> bytes | None:
    try:
        with storage.open(name) as file:
            return bytes(file.read())
    except FileNotFoundError:  # replaced at this moment, or lost
        return None
    except STORAGE_ERRORS as error:
        log.exception("export.not_read", user_id=user_id)
        raise StorageUnavailable from error


def _addresses(user_id: int) -> Rows:
    rows = EmailAddress.objects.filter(user=user_id)
    return stream_rows(rows, "email", "verified", "primary")


def _emails(user_id: int) -> Rows:
    return stream_rows(_emails_of(user_id), "kind", "address", "created_at", "sent_at")


def _sessions(user_id: int) -> Rows:
    columns = "device", "created_at", "refreshed_at", "expires_at", "second_factor"
    return stream_rows(Session.objects.filter(user=user_id), *columns)


def _keys(user_id: int) -> Rows:
    columns = "name", "hint", "scopes", "created_at", "last_used_at", "expires_at"
    return stream_rows(ApiKey.objects.filter(user=user_id), *columns)


def _factors(user_id: int) -> Rows:
    rows = Authenticator.objects.filter(user=user_id)
    return stream_rows(rows, "type", "created_at", "last_used_at")


def _requests(user_id: int) -> Rows:
    columns = "text", "state", "answer", "created_at", "decided_at"
    return stream_rows(UploaderRequest.objects.filter(user=user_id), *columns)


def _strikes(user_id: int) -> Rows:
    rows = Strike.objects.filter(user=user_id)
    return stream_rows(rows, "code", "subject", "reason", "created_at", "lifted_at")


def _decisions(user_id: int) -> Rows:
    # Without the moderator's name.
    columns = "action", "from_state", "to_state", "reason", "created_at"
    return stream_rows(_entries_about(user_id), *columns)


def _acts(user_id: int) -> Rows:
    columns = "action", "subject_type", "subject_id", "from_state", "to_state", "created_at"
    return stream_rows(AuditEntry.objects.filter(actor=user_id), *columns)


def _changes(user_id: int) -> Rows:
    columns = "action_time", "action_flag", "content_type__model", "object_id", "change_message"
    return stream_rows(LogEntry.objects.filter(user=user_id), *columns)


# --- What is forgotten --------------------------------------------------------------------------


def _erase_addresses(user_id: int) -> None:
    EmailAddress.objects.filter(user=user_id).delete()


def _erase_emails(user_id: int) -> None:
    _emails_of(user_id).delete()


def _erase_requests(user_id: int) -> None:
    requests = UploaderRequest.objects.filter(user=user_id)
    forget_labels("uploaderrequest", requests.values_list("pk", flat=True))
    requests.delete()
    UploaderRequest.objects.filter(decided_by=user_id).update(decided_by=None)


def _erase_strikes(user_id: int) -> None:
    strikes = Strike.objects.filter(user=user_id)
    forget_labels("strike", strikes.values_list("pk", flat=True))
    strikes.delete()


def _erase_decisions(user_id: int) -> None:
    # The log is never deleted: it loses the user's name, as actor and as subject.
    forget_labels("user", [user_id])
    AuditEntry.objects.filter(actor=user_id).update(actor=None)


def _erase_admin(user_id: int) -> None:
    about = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user_id))
    LogEntry.objects.filter(Q(user=user_id) | about).delete()
    theirs = [key for key, who in _admin_sessions() if who == str(user_id)]
    AdminSession.objects.filter(session_key__in=theirs).delete()


def _admin_sessions() -> Iterator[tuple[str, str]]:
    """Yield the key and the user's id of every session of the admin; there are few."""
    store = SessionStore()
    for session in AdminSession.objects.iterator():
        data = store.decode(session.session_data)
        yield session.session_key, str(data.get("_auth_user_id", ""))


def _emails_of(user_id: int) -> QuerySet[OutgoingEmail]:
    # Also e-mails to the user's addresses that name no user.
    theirs = Q(user=user_id)
    for address in EmailAddress.objects.filter(user=user_id).values_list("email", flat=True):
        theirs |= Q(user=None, address__iexact=address)
    return OutgoingEmail.objects.filter(theirs)


def _entries_about(user_id: int) -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(subject_type="user", subject_id=user_id)


def _delete(rows: QuerySet[Session] | QuerySet[ApiKey] | QuerySet[Authenticator]) -> None:
    rows.delete()


def _jobs(user_id: int) -> Rows:
    return stream_rows(
        Job.objects.filter(owner=user_id),
        "kind", "state", "done", "total", "created_at", "finished_at", "undone_at",
    )  # fmt: skip


def _erase_jobs(user_id: int) -> None:
    records = [name for name, kind in KINDS.items() if kind.is_record]
    own = Job.objects.filter(owner=user_id)
    for pk in own.exclude(kind__in=records).values_list("pk", flat=True):
        delete_items(pk)
    own.exclude(kind__in=records).delete()
    for column in ("owner", "about", "undone_by"):
        Job.objects.filter(**{column: user_id}).update(**{column: None})


PARTICIPANTS = (
    Participant(
        "jobs",
        covers=("common.Job.owner", "common.Job.about", "common.Job.undone_by"),
        files=(ExportedFile("jobs.json", _("What you did to many things at once."), _jobs),),
        erase=_erase_jobs,
    ),
    Participant(
        "account",
        covers=(
            "accounts.User.groups",
            "accounts.User.user_permissions",
            "accounts.AvatarUpload.user",
        ),
        files=(
            ExportedFile("profile.json", _("Your account and profile."), _profile),
            ExportedPicture("avatar.webp", _("Your picture, if you have one."), _avatar),
            ExportedFile(
                "avatar_upload.json",
                _("A picture that you sent, while it is being prepared or cannot be used."),
                _avatar_upload,
            ),
            ExportedPicture("avatar_upload", _("That picture as you sent it."), _sent_avatar),
        ),
        erase=forget_avatar,
    ),
    Participant(
        "addresses",
        covers=("account.EmailAddress.user",),
        files=(ExportedFile("addresses.json", _("Your e-mail addresses."), _addresses),),
        erase=_erase_addresses,
    ),
    Participant(
        "emails",
        covers=("accounts.OutgoingEmail.user",),
        files=(ExportedFile("emails.json", _("E-mail sent to you lately."), _emails),),
        erase=_erase_emails,
    ),
    Participant(
        "sessions",
        covers=("accounts.Session.user",),
        files=(ExportedFile("sessions.json", _("Devices that are logged in."), _sessions),),
        erase=lambda user_id: _delete(Session.objects.filter(user=user_id)),
    ),
    Participant(
        "api_keys",
        covers=("accounts.ApiKey.user",),
        files=(ExportedFile("api_keys.json", _("Your API keys, not their secret."), _keys),),
        erase=lambda user_id: _delete(ApiKey.objects.filter(user=user_id)),
    ),
    Participant(
        "second_factor",
        covers=("mfa.Authenticator.user",),
        files=(
            ExportedFile("second_factor.json", _("Your second factor, not its secret."), _factors),
        ),
        erase=lambda user_id: _delete(Authenticator.objects.filter(user=user_id)),
    ),
    Participant(
        "requests",
        covers=("accounts.UploaderRequest.user", "accounts.UploaderRequest.decided_by"),
        files=(
            ExportedFile(
                "uploader_requests.json", _("When you asked to become an uploader."), _requests
            ),
        ),
        erase=_erase_requests,
    ),
    Participant(
        "strikes",
        covers=("accounts.Strike.user",),
        files=(ExportedFile("strikes.json", _("Uploads that counted as harmful."), _strikes),),
        erase=_erase_strikes,
    ),
    Participant(
        "decisions",
        covers=("accounts.AuditEntry.actor",),
        files=(
            ExportedFile("decisions.json", _("What was decided about you."), _decisions),
            ExportedFile("acts.json", _("What you decided, and did to your things."), _acts),
        ),
        erase=_erase_decisions,
    ),
    Participant(
        "admin",
        covers=("admin.LogEntry.user",),
        files=(ExportedFile("admin_log.json", _("What you changed in the admin."), _changes),),
        erase=_erase_admin,
    ),
)
