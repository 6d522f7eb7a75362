"""Checks what must be true of rows and files once all due work is done."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import AvatarUpload, User
from catalog.models import CoverDraft
from common.files.media import name_digest, sweep_media, without_references
from common.files.storages import list_names, media_storage, quarantine_storage
from common.models import MediaFile
from common.work.background import TASKS
from common.work.events import deliver_events
from common.work.leases import Leased, end_all_leases
from reader.intake import quarantine
from reader.models import Chapter, Upload
from reader.states import UNDER_WAY, UploadState

_MAX_ROUNDS = 20


def finish_due_work(*, is_later: bool = True) -> None:
    """Run every due row until none is left, as a worker does after all leases have ended.

    Events are delivered too.
    """
    for _round in range(_MAX_ROUNDS):
        if is_later:
            end_all_leases()
            soon = timezone.now() + settings.DECISION_UNDO
            Upload.objects.filter(purge_after__lte=soon).update(purge_after=timezone.now())
        due = [(task, pk) for task in TASKS.values() for pk in list(task.due())]
        if not due:
            break
        for task, pk in due:
            task.run(pk)
    else:
        raise AssertionError(f"this work never ends: {due}")
    deliver_events()
    if is_later:
        sweep_media(older_than=timedelta(0))


def find_leftovers() -> list[str]:
    """Return a sentence for each row or file that is not as it should be."""
    return [*_of_quarantine(), *_of_media(), *_of_uploads(), *_of_chapters()]


def _of_quarantine() -> Iterator[str]:
    storage = quarantine_storage()
    needing = Upload.objects.filter(Q(state__in=UNDER_WAY) | Q(purge_after__gt=timezone.now()))
    needed = {folder.hex for folder in needing.values_list("folder", flat=True)}
    pictures = set(User.objects.values_list("avatar_draft", flat=True))
    pictures |= set(AvatarUpload.objects.values_list("file_name", flat=True))
    pictures |= set(CoverDraft.objects.values_list("file_name", flat=True))
    for name in list_names(storage, ""):
        if name.split("/")[1] not in needed and name not in pictures:
            yield f"quarantine: nobody needs {name}"
    for upload in Upload.objects.filter(state__in=UNDER_WAY):
        if not storage.exists(quarantine.archive_name(upload.folder)):
            yield f"upload {upload.pk} ({upload.state}) has no archive"


def _of_media() -> Iterator[str]:
    storage = media_storage()
    names = set(list_names(storage, ""))
    free = set(without_references(MediaFile.objects.all()).values_list("pk", flat=True))
    for file in MediaFile.objects.all():
        if file.name not in names:
            yield f"media: the file of row {file.name} is gone"
            continue
        names.remove(file.name)
        with storage.open(file.name, "rb") as stored:
            content = stored.read()
        if name_digest(content) != file.name[3:67] or len(content) != file.bytes:
            yield f"media: {file.name} has other bytes"
        if file.pk in free and file.unreferenced_since is None:
            yield f"media: nothing points at {file.name}, and no sweep will find it"
        if file.pk not in free and file.unreferenced_since is not None:
            yield f"media: {file.name} is used, but on its way out"
    yield from (f"media: no row for {name}" for name in names)


def _of_uploads() -> Iterator[str]:
    for upload in Upload.objects.exclude(state__in=(UploadState.RECEIVED, UploadState.EXTRACTING)):
        pages = list(upload.pages.order_by("number"))
        is_kept = upload.state in (*UNDER_WAY, UploadState.LIVE) or upload.purge_after is not None
        if len(pages) != (upload.page_count if is_kept else 0):
            yield f"upload {upload.pk} ({upload.state}) has {len(pages)} pages"
        is_public = upload.state in (UploadState.LIVE, UploadState.SUPERSEDED)
        for page in pages:
            if is_public != (page.file_id is not None):
                yield f"page {page} of an upload that is {upload.state}: file {page.file_id}"
            name = quarantine.page_name(upload, page.sha256)
            if not is_public and not quarantine_storage().exists(name):
                yield f"page {page} of an upload that is {upload.state} has no private file"


def _of_chapters() -> Iterator[str]:
    live = dict(Upload.objects.filter(state=UploadState.LIVE).values_list("chapter_id", "pk"))
    shown = dict(
        Chapter.objects.filter(live_upload__isnull=False).values_list("pk", "live_upload_id")
    )
    if live != shown or len(live) != Upload.objects.filter(state=UploadState.LIVE).count():
        yield f"chapters show {shown}, live are {live}"


def end_lease(row: Leased) -> None:
    """End the lease of a row, as time does when its worker is gone."""
    type(row)._default_manager.filter(pk=row.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
