"""An avatar that a user sends is kept as it is, and prepared in the background.

Starts at `submit_avatar` in the request, which decodes nothing, ends in `prepare_avatar` in the
worker: the user has the new avatar (`accounts.profile.avatars`), or the row says why it cannot be
used. Until then the old one stays.
"""

from collections.abc import Iterable
from functools import partial

import structlog
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from accounts.auth.addresses import refuse_unconfirmed
from accounts.auth.authority import Banned, acting
from accounts.auth.sessions import InvalidToken
from accounts.models import AvatarUpload, User
from accounts.profile.avatars import (
    CONTENT_TYPE,
    delete_private,
    forget_upload,
    is_grown,
    lock_user,
    new_private_name,
    read_private,
    replace_avatar,
)
from common.files.media import hold_media, store_media
from common.files.picture_files import (
    ImageRejected,
    cut_square,
    read_undecoded,
    rejection_sentence,
)
from common.files.pictures.rules import MIB, PictureLimits
from common.files.rejections import show_name
from common.files.storages import STORAGE_ERRORS, StorageUnavailable, quarantine_storage
from common.models import MediaFile
from common.work.background import background_task
from common.work.leases import Lease, LeaseLost, claim, nobody_holds

log = structlog.get_logger(__name__)

SIDE_PIXELS = 256
LIMITS = PictureLimits(max_picture_bytes=5 * MIB, max_picture_pixels=25_000_000)
MAX_ATTEMPTS = 5
# A failure of the site, not of the picture.
GAVE_UP = "gave_up"


def avatar_upload_of(user: User) -> AvatarUpload | None:
    """Return the picture that the user sent last, where it waits or cannot be used."""
    return AvatarUpload.objects.filter(user=user).first()


def failure_sentence(sent: AvatarUpload) -> str:
    """Say why a picture cannot be used, in the active language; empty where it still waits."""
    if not sent.error_code:
        return ""
    if sent.error_code == GAVE_UP:
        return _("Something went wrong on our side, several times. Please send the picture again.")
    params = dict(sent.error_params)
    return rejection_sentence(params.pop("problem"), params)


def submit_avatar(user: User, picture: "File[bytes]") -> AvatarUpload:
    """Keep a picture that is to replace the user's avatar, and one that waits already.

    Nothing is decoded here. Raises ImageRejected, Banned, Unconfirmed or StorageUnavailable.
    """
    refuse_unconfirmed(user)
    data = read_undecoded(picture, limits=LIMITS)
    # File first, row after: the sweep finds the file of a request that dies in between.
    name = new_private_name()
    try:
        quarantine_storage().save(name, ContentFile(data))
    except STORAGE_ERRORS as error:
        log.exception("avatar.not_stored", user_id=user.pk)
        raise StorageUnavailable from error
    try:
        with acting(user):
            forget_upload(lock_user(user.pk))
            sent = AvatarUpload.objects.create(
                user=user, file_name=name, shown_name=show_name(picture.name or "")
            )
    except BaseException:
        delete_private(name)
        raise
    prepare_avatar.enqueue(sent.pk)
    return sent


# --- In the background --------------------------------------------------------------------------


def _uploads_to_prepare() -> Iterable[int]:
    due = AvatarUpload.objects.filter(nobody_holds(), error_code="")
    return due.order_by("created_at").values_list("pk", flat=True)[:20]


# A queue of its own: e-mails and take-downs must not wait for a decode, which may take seconds, and
# the user watches and must not wait for a zip, which may take minutes.
@background_task(due=_uploads_to_prepare, queue="avatars")
def prepare_avatar(pk: int) -> None:
    """Decode a picture that a user sent and make it their avatar, or keep why it cannot be."""
    lease = claim(AvatarUpload.objects.filter(error_code=""), pk)
    sent = lease.rows().select_related("user").first() if lease is not None else None
    if lease is None or sent is None:
        return
    if sent.attempts > MAX_ATTEMPTS:
        _fail(sent, lease, code=GAVE_UP)
        return
    try:
        data = read_private(sent.file_name)
        if data is None:
            if _fail(sent, lease, code=GAVE_UP):
                log.error("avatar.lost", user_id=sent.user_id)
            return
        square = cut_square(data, name=sent.shown_name, side=SIDE_PIXELS, limits=LIMITS).data
        _take_square(sent, lease, square)
    except ImageRejected as error:
        found = error.rejection
        _fail(sent, lease, code=found.code, params={"problem": found.problem, **found.params})
    except (Banned, InvalidToken) as error:
        # The user had the right when they sent it, and has lost it meanwhile.
        _drop(sent, lease)
        log.info("avatar.dropped", user_id=sent.user_id, code=error.code)
    except STORAGE_ERRORS:
        # Not the picture's fault: a storage that fails uses up no attempts.
        lease.rows().update(attempts=Greatest(F("attempts") - 1, 0))
        raise


# --- Steps --------------------------------------------------------------------------------------


def _take_square(sent: AvatarUpload, lease: Lease[AvatarUpload], square: bytes) -> None:
    """Make the picture the user's avatar; raises Banned, InvalidToken or LeaseLost."""
    if is_grown(sent.user):
        while not _settle(sent, lease, avatar=store_media(square, CONTENT_TYPE)):
            continue  # a sweep took the file away between the two steps
        return
    draft = new_private_name()
    quarantine_storage().save(draft, ContentFile(square))
    try:
        _settle(sent, lease, draft=draft)
    except BaseException:
        delete_private(draft)
        raise


def _settle(
    sent: AvatarUpload,
    lease: Lease[AvatarUpload],
    *,
    avatar: MediaFile | None = None,
    draft: str = "",
) -> bool:
    with transaction.atomic():
        owner = lock_user(sent.user_id)
        with acting(owner):
            if avatar is not None and not hold_media({avatar.pk}):
                return False
            taken, _rows = lease.rows().delete()
            if not taken:
                raise LeaseLost(sent.pk)  # replaced or removed meanwhile, or another worker's
            replace_avatar(owner, avatar=avatar, draft=draft)
            transaction.on_commit(partial(delete_private, sent.file_name))
    return True


def _fail(
    sent: AvatarUpload,
    lease: Lease[AvatarUpload],
    *,
    code: str,
    params: dict[str, str | int] | None = None,
) -> bool:
    """Keep why it cannot be used; False where it was replaced or removed meanwhile."""
    failed = lease.rows().update(
        file_name="", error_code=code, error_params=params or {}, lease_token=None, lease_until=None
    )
    if failed:
        transaction.on_commit(partial(delete_private, sent.file_name))
        log.info("avatar.failed", user_id=sent.user_id, code=code)
    return bool(failed)


def _drop(sent: AvatarUpload, lease: Lease[AvatarUpload]) -> None:
    taken, _rows = lease.rows().delete()
    if taken:
        transaction.on_commit(partial(delete_private, sent.file_name))
