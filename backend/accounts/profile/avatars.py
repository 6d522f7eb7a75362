"""Avatars are square, and those of new accounts are public only after some time.

A new account's avatar lies in quarantine, where members see it through short-lived addresses, until
a moderator approves it or the account is old enough. `User.avatar` is the public file,
`User.avatar_draft` the name of one that waits; a user has at most one of the two.
`accounts.profile.avatar_uploads` makes them.
"""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.auth.sessions import InvalidToken
from accounts.models import AvatarUpload, User, active_ban
from common.files.media import (
    UNREFERENCED_KEEP,
    hold_media,
    media_url,
    release_media,
    store_media,
    sweep_media,
)
from common.files.signed_urls import private_url
from common.files.storages import (
    STORAGE_ERRORS,
    StorageUnavailable,
    delete_names,
    first_level,
    quarantine_storage,
)
from common.http.errors import AlreadyDecided, Forbidden
from common.models import MediaFile
from common.work.background import background_task, scheduled_task

log = structlog.get_logger(__name__)

ROOT = "avatars"
CONTENT_TYPE = "image/webp"
_PRIVATE_NAME = re.compile(r"[0-9a-f]{32}")
_STRAY_AFTER = timedelta(days=1)
# For so long a user is told why a picture of theirs could not be used.
_FAILED_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Avatar:
    """Where a user's avatar is, and from when on it is public; None: it is public now."""

    url: str
    public_from: datetime | None = None

    @property
    def is_public(self) -> bool:
        """Return True where guests may see it too."""
        return self.public_from is None


def avatar_of(user: User) -> Avatar | None:
    """Return the avatar as members see it; guests see only public ones."""
    if user.avatar is not None:
        return Avatar(media_url(user.avatar.name))
    if user.avatar_draft:
        return Avatar(private_url(user.avatar_draft, CONTENT_TYPE), public_from=_public_from(user))
    return None


def shown_avatar_url(user: User, *, viewer: User | AnonymousUser) -> str | None:
    """Return the address of the avatar; None where `viewer` may not see it."""
    avatar = avatar_of(user)
    may_see = avatar is not None and (avatar.is_public or viewer.is_authenticated)
    return avatar.url if avatar is not None and may_see else None


def avatar_name(user: User) -> str:
    """Return the name of the current picture; a moderator decides about the one that they saw."""
    return user.avatar.name if user.avatar is not None else user.avatar_draft


def drafts() -> QuerySet[User]:
    """Return the users whose avatar waits for a moderator or for their account to be older."""
    return User.objects.exclude(avatar_draft="").order_by("date_joined", "pk")


def remove_avatar(user: User) -> None:
    """Remove the user's avatar and one that waits; a second time changes nothing."""
    with acting(user):
        locked = lock_user(user.pk)
        forget_upload(locked)
        replace_avatar(locked, avatar=None, draft="")
    user.avatar, user.avatar_draft = None, ""


def approve_avatar(user: User, *, moderator: User, seen: str) -> None:
    """Make a waiting avatar public; `seen` is the `avatar_name` that the moderator saw."""
    _refuse_unless_moderator(moderator, user)
    if not seen or seen != user.avatar_draft:
        raise _changed()
    try:
        published = _publish(user, seen, moderator=moderator)
    except STORAGE_ERRORS as error:
        if not User.objects.filter(pk=user.pk, avatar_draft=seen).exists():
            raise _changed() from error  # another moderator was first, and the file is gone
        log.exception("avatar.not_stored", user_id=user.pk)
        raise StorageUnavailable from error
    if not published:
        raise _changed()
    user.refresh_from_db(fields=["avatar", "avatar_draft"])


def refuse_avatar(user: User, *, moderator: User, reason: str, seen: str) -> None:
    """Remove an avatar, public or not; `seen` is the `avatar_name` that the moderator saw."""
    with acting(moderator, on=user):
        _refuse_unless_moderator(moderator, user)
        locked = lock_user(user.pk)
        if not seen or avatar_name(locked) != seen:
            raise _changed()
        from_state = "public" if locked.avatar_id else "waiting"
        replace_avatar(locked, avatar=None, draft="", is_urgent=True)
        log_decision(
            user,
            action="refuse_avatar",
            actor=moderator,
            from_state=from_state,
            to_state="removed",
            reason=reason,
        )
    user.avatar, user.avatar_draft = None, ""


# --- In the background --------------------------------------------------------------------------


def _drafts_to_publish() -> Iterable[int]:
    grown = drafts().filter(date_joined__lte=timezone.now() - settings.AVATAR_PUBLIC_AFTER)
    return grown.exclude(active_ban()).values_list("pk", flat=True)[:50]


@background_task(due=_drafts_to_publish, queue="publishing", every_seconds=600)
def publish_avatar(pk: int) -> None:
    """Make the avatar of an account public that is old enough now; twice changes nothing."""
    user = User.objects.filter(pk=pk).first()
    if user is None or not user.avatar_draft or user.is_banned or not is_grown(user):
        return
    _publish(user, user.avatar_draft, moderator=None)


@scheduled_task(every_seconds=6 * 3600)
def sweep_stray_avatars() -> int:
    """Delete private pictures that no row names: their request or worker died on the way.

    The rows of pictures that could not be used are deleted here too, after a week.
    """
    told_long_ago = AvatarUpload.objects.filter(created_at__lt=timezone.now() - _FAILED_KEPT)
    told_long_ago.exclude(error_code="").delete()
    storage = quarantine_storage()
    old = first_level(storage, ROOT, older_than=timezone.now() - _STRAY_AFTER)
    names = [f"{ROOT}/{name}" for name in old if _PRIVATE_NAME.fullmatch(name)]
    needed = {
        *User.objects.filter(avatar_draft__in=names).values_list("avatar_draft", flat=True),
        *AvatarUpload.objects.filter(file_name__in=names).values_list("file_name", flat=True),
    }
    stray = [name for name in names if name not in needed]
    delete_names(storage, stray)
    return len(stray)


# --- Steps --------------------------------------------------------------------------------------


def _public_from(user: User) -> datetime:
    return user.date_joined + settings.AVATAR_PUBLIC_AFTER


def is_grown(user: User) -> bool:
    """Return True where the account is old enough for its avatar to be public at once."""
    return _public_from(user) <= timezone.now()


def new_private_name() -> str:
    """Return a new name in quarantine for a picture; the sweep finds files that no row names."""
    return f"{ROOT}/{uuid.uuid4().hex}"


def read_private(name: str) -> bytes | None:
    """Return the bytes of a file in quarantine; None where it is gone."""
    try:
        with quarantine_storage().open(name, "rb") as file:
            return bytes(file.read())
    except FileNotFoundError:
        return None


def forget_upload(owner: User) -> None:
    """Delete the row of the picture that the user sent last, in the caller's transaction."""
    for sent in AvatarUpload.objects.filter(user=owner):
        sent.delete()  # a worker that holds it notices when it writes
        if sent.file_name:
            transaction.on_commit(partial(delete_private, sent.file_name))


def _publish(owner: User, draft: str, *, moderator: User | None) -> bool:
    data = read_private(draft)
    if data is None:
        # It was replaced meanwhile; or the file is lost, and then the draft is dropped.
        if User.objects.filter(pk=owner.pk, avatar_draft=draft).update(avatar_draft=""):
            log.error("avatar.lost", user_id=owner.pk)
        return False
    while True:
        file_row = store_media(data, CONTENT_TYPE)
        with acting(moderator, on=owner) if moderator is not None else transaction.atomic():
            locked = (
                User.objects.select_for_update(no_key=True)
                .filter(pk=owner.pk, avatar_draft=draft)
                .first()
            )
            if locked is None:
                return False
            if not hold_media({file_row.pk}):
                continue  # a sweep took the file away between the two steps
            replace_avatar(locked, avatar=file_row, draft="")
            if moderator is not None:
                log_decision(
                    locked,
                    action="approve_avatar",
                    actor=moderator,
                    from_state="waiting",
                    to_state="public",
                )
        return True


def lock_user(user_id: int) -> User:
    """Return the user's row, locked until the transaction ends; raises InvalidToken."""
    locked = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if locked is None:  # deleted meanwhile
        raise InvalidToken
    return locked


def replace_avatar(
    locked: User, *, avatar: MediaFile | None, draft: str, is_urgent: bool = False
) -> None:
    """Set the avatar or the draft and release the old one, in the caller's transaction."""
    User.objects.filter(pk=locked.pk).update(avatar=avatar, avatar_draft=draft)
    if locked.avatar_id is not None:
        old = [locked.avatar_id]
        release_media(old, older_by=UNREFERENCED_KEEP if is_urgent else timedelta(0))
        if is_urgent:
            transaction.on_commit(partial(_sweep_now, old))
    if locked.avatar_draft and locked.avatar_draft != draft:
        transaction.on_commit(partial(delete_private, locked.avatar_draft))


def forget_avatar(user_id: int) -> None:
    """Remove the avatars of a user who deletes their account, in the caller's transaction."""
    locked = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if locked is not None:
        forget_upload(locked)
        replace_avatar(locked, avatar=None, draft="", is_urgent=True)


def _sweep_now(ids: list[int]) -> None:
    # Where this fails, the next scheduled sweep removes it.
    try:
        sweep_media(older_than=timedelta(0), ids=ids)
    except STORAGE_ERRORS:
        log.exception("avatar.left_behind", ids=ids)


def delete_private(name: str) -> None:
    """Remove a picture from quarantine; one that cannot be removed now is swept later."""
    try:
        quarantine_storage().delete(name)
    except STORAGE_ERRORS:
        log.exception("avatar.left_behind", name=name)


def _refuse_unless_moderator(moderator: User, user: User) -> None:
    if not moderator.has_perm("accounts.moderate_avatar"):
        raise Forbidden(_("Only moderators decide about pictures."))
    if moderator.pk == user.pk:
        raise Forbidden(_("Nobody decides about themselves."))


def _changed() -> AlreadyDecided:
    return AlreadyDecided(_("The picture has changed meanwhile. Look at it again."))
