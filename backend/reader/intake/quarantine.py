"""The private files of an upload: the zip, and its pages until they are public.

Pages are named by their sha256, so writing one twice changes nothing and renumbering moves no
file.
"""

import uuid
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile, File

from common.files.media import media_url
from common.files.signed_urls import private_url
from common.files.storages import delete_names, list_names, quarantine_storage

if TYPE_CHECKING:
    from reader.models import Page, Upload

ROOT = "uploads"


def folder_of(upload: "Upload") -> str:
    """Return the folder of all private files of an upload."""
    return folder_name(upload.folder)


def folder_name(folder: uuid.UUID) -> str:
    """Return the name of a folder by its key."""
    return f"{ROOT}/{folder.hex}"


def archive_name(folder: uuid.UUID) -> str:
    """Return the name of the zip."""
    return f"{folder_name(folder)}/archive.zip"


def page_name(upload: "Upload", sha256: str) -> str:
    """Return the name of a page's file."""
    return f"{folder_of(upload)}/{sha256}"


def store_archive(folder: uuid.UUID, archive: File[bytes]) -> None:
    """Move or copy the zip in."""
    quarantine_storage().save(archive_name(folder), archive)


def open_archive(upload: "Upload") -> File[bytes]:
    """Open the zip; from a bucket it is copied to the disk first."""
    return quarantine_storage().open(archive_name(upload.folder), "rb")


def store_page(upload: "Upload", sha256: str, data: bytes) -> None:
    """Write one page."""
    quarantine_storage().save(page_name(upload, sha256), ContentFile(data))


def read_page(upload: "Upload", sha256: str) -> bytes:
    """Read one page."""
    with quarantine_storage().open(page_name(upload, sha256), "rb") as file:
        return bytes(file.read())


def page_url(upload: "Upload", page: "Page") -> str:
    """Return the address of a page's picture: public once published, until then signed."""
    if page.file is not None:
        return media_url(page.file.name)
    return private_url(page_name(upload, page.sha256), page.content_type)


def small_page_url(upload: "Upload", page: "Page") -> str:
    """Return the address of a page's data-saver variant, or of its picture where it has none."""
    return media_url(page.saver.name) if page.saver is not None else page_url(upload, page)


def delete_folder(folder: uuid.UUID) -> None:
    """Delete all private files of an upload; a second time changes nothing."""
    storage = quarantine_storage()
    delete_names(storage, list_names(storage, f"{folder_name(folder)}/"))
