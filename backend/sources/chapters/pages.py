"""The private pages of a chapter that is being fetched, and the zip that is made of them.

A page is a file as soon as it is fetched: what a killed worker has fetched is not asked for again.
"""

import re
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.utils import timezone

from common.files.pictures.images import check_headers, detect_format
from common.files.pictures.rules import MIB, PictureRejected
from common.files.storages import delete_names, first_level, list_names, quarantine_storage
from common.work.background import scheduled_task
from reader.intake.quotas import archive_limits
from sources.models import SourceChapter

ROOT = "sources"
_STRAY_AFTER = timedelta(days=1)
_FOLDER = re.compile(r"[0-9a-f]{32}")
_EXTENSIONS = {"jpeg": "jpg"}


def store_page(row: SourceChapter, number: int, data: bytes) -> None:
    """Keep a page."""
    quarantine_storage().save(_page_name(row, number), ContentFile(data))


def stored_pages(row: SourceChapter) -> set[int]:
    """Return the numbers of the pages that are kept."""
    names = list_names(quarantine_storage(), f"{_folder_name(row.folder)}/")
    return {int(name.rpartition("/")[2]) for name in names}


def delete_pages_of(folder: uuid.UUID) -> None:
    """Delete what is kept; a second time changes nothing."""
    storage = quarantine_storage()
    delete_names(storage, list_names(storage, f"{_folder_name(folder)}/"))


def refuse_no_picture(data: bytes, *, number: int) -> None:
    """Raise PictureRejected where the bytes are no picture that a page can be.

    The check of the upload looks at all of it; this one tells early that a source has sent
    something else, such as a page of HTML or half a picture.
    """
    limits = archive_limits()
    name = f"{number:04}"
    if len(data) > limits.max_picture_bytes:
        raise PictureRejected(
            "page_too_large", name=name, max_megabytes=limits.max_picture_bytes // MIB
        )
    check_headers(data, name=name, limits=limits)


@contextmanager
def zip_of_pages(row: SourceChapter, *, count: int) -> Iterator[File[bytes]]:
    """Write the pages into a zip on the disk, one at a time; the same pages give the same bytes."""
    storage = quarantine_storage()
    with tempfile.TemporaryFile(dir=_work_folder()) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for number in range(1, count + 1):
                with storage.open(_page_name(row, number), "rb") as page:
                    data = page.read()
                known = detect_format(data) or "jpeg"
                name = f"{number:04}.{_EXTENSIONS.get(known, known)}"
                archive.writestr(zipfile.ZipInfo(name), data)
                del data
        yield File(file, name=f"{row.source} {row.external_id}.zip")


def _work_folder() -> str:
    folder = settings.DATA_FOLDER / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def _folder_name(folder: uuid.UUID) -> str:
    return f"{ROOT}/{folder.hex}"


def _page_name(row: SourceChapter, number: int) -> str:
    return f"{_folder_name(row.folder)}/{number:04}"


@scheduled_task(every_seconds=6 * 3600)
def sweep_fetched_pages() -> int:
    """Delete kept pages that nothing waits for any more; return of how many chapters.

    They are left by a worker that died after its commit, or whose chapter was taken away from it.
    """
    storage = quarantine_storage()
    removed = 0
    for name in first_level(storage, ROOT, older_than=timezone.now() - _STRAY_AFTER):
        if not _FOLDER.fullmatch(name):
            continue
        folder = uuid.UUID(hex=name)
        if not SourceChapter.objects.filter(folder=folder, fetch_at__isnull=False).exists():
            delete_pages_of(folder)
            removed += 1
    return removed
