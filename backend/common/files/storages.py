"""Storages: folders in the embedded profile, S3-compatible buckets with services."""

import errno
import fcntl
import mimetypes
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.translation import gettext as _
from storages.backends.s3 import S3ManifestStaticStorage, S3Storage, TransferConfig

from common.http.errors import AppError

# Not every system knows these types; a bucket would serve such files as downloads.
mimetypes.add_type("image/avif", ".avif")
mimetypes.add_type("image/webp", ".webp")

# The errors of a broken disk or bucket; they are never the file's fault.
STORAGE_ERRORS = (OSError, BotoCoreError, ClientError)


class StorageUnavailable(AppError):
    """The disk is full or the bucket does not answer; nothing was stored, and a retry may work."""

    code = "storage_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("The file store does not answer. Nothing was taken; try again soon."))


class Folder(FileSystemStorage):
    """A folder that overwrites files as a bucket does, and never adds a suffix to a name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_overwrite=True, **options)

    def _save(self, name: str, content: Any) -> str:
        # Written under another name and renamed, so that half a file is never seen. Synced to the
        # disk before this returns, as a row will say that the file is there, also after a power
        # cut.
        target = Path(self.path(name))
        self._make_folder(target.parent)
        if hasattr(content, "temporary_file_path"):
            received = Path(content.temporary_file_path())
            _sync(received)
            if _move(received, target):
                return name
        drafts = self.drafts()
        drafts.mkdir(parents=True, exist_ok=True)
        draft = drafts / secrets.token_hex(8)
        with draft.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # shows that its writer is alive
            try:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                draft.chmod(0o644)
                os.fsync(file.fileno())
                if not _move(draft, target):
                    raise FileNotFoundError(target)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
        return name

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and those above it, and sync their names to the disk."""
        if folder.is_dir():
            return
        if folder != Path(self.location):
            self._make_folder(folder.parent)
        folder.mkdir(parents=True, exist_ok=True)
        _sync(folder.parent)

    def drafts(self) -> Path:
        """Return the folder of files that are being written."""
        return Path(self.location) / ".drafts"

    def delete(self, name: str) -> None:
        """Remove a file and the folders that this leaves empty."""
        super().delete(name)
        folder = Path(self.path(name)).parent
        while folder != Path(self.location) and folder.is_relative_to(self.location):
            try:
                folder.rmdir()
            except OSError:  # not empty, or another process removed it
                break
            folder = folder.parent


def _move(source: Path, target: Path) -> bool:
    """Rename a file within one file system; False where that cannot be done."""
    for _attempt in range(3):  # another process may remove the empty folder between the two steps
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(target)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno == errno.EXDEV:
                return False
            raise
        target.chmod(0o644)
        _sync(target.parent)  # its name, too
        return True
    return False


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk; skip what is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # another process has emptied and removed the folder
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Bucket(S3Storage):
    """An S3-compatible bucket (Tigris, MinIO, rclone)."""

    def __init__(self, **options: Any) -> None:
        if options.get("querystring_auth") is False:  # public, named by its bytes
            options["object_parameters"] = {"CacheControl": "public, max-age=31536000, immutable"}
        # Servers other than Amazon's often lack the newer checksums.
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=30,
            retries={"max_attempts": 3, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        # One part at a time, in this thread: ten at once would hold 80 MB of an archive in memory.
        transfer = TransferConfig(use_threads=False)
        super().__init__(
            client_config=config,
            transfer_config=transfer,
            file_overwrite=True,
            default_acl=None,
            **options,
        )


def bucket_beside(name: str, location: str) -> Bucket:
    """Return another bucket at the server of ours, and with our keys; it is somebody else's."""
    options = settings.STORAGES["quarantine"].get("OPTIONS", {})
    if "endpoint_url" not in options:
        raise OSError("a bucket needs S3_ENDPOINT_URL")
    return Bucket(**{**options, "bucket_name": name, "location": location})


class StaticBucket(S3ManifestStaticStorage):
    """Static files with hashed names in a public bucket."""


def media_storage() -> Storage:
    """Return the storage of public, immutable files."""
    return storages["media"]


def quarantine_storage() -> Storage:
    """Return the storage of private files: archives, and pages that are not approved."""
    return storages["quarantine"]


def list_names(storage: Storage, prefix: str) -> list[str]:
    """Return the names of all files below `prefix`."""
    if isinstance(storage, Bucket):
        location = f"{storage.location.rstrip('/')}/" if storage.location else ""
        found = storage.bucket.objects.filter(Prefix=f"{location}{prefix}")
        return [cast(str, item.key).removeprefix(location) for item in found]
    root = Path(storage.path(""))
    names = (
        str((Path(folder) / file).relative_to(root))
        for folder, _folders, files in os.walk(root / prefix)  # passes over what vanishes meanwhile
        for file in files
    )
    return [name for name in names if not name.startswith(".")]


def delete_names(storage: Storage, names: Iterable[str]) -> None:
    """Delete files; those that are already gone are no error."""
    if isinstance(storage, Bucket):
        keys = [{"Key": storage._normalize_name(name)} for name in names]
        for start in range(0, len(keys), 1000):
            storage.bucket.delete_objects(
                Delete={"Objects": keys[start : start + 1000], "Quiet": True}
            )
        return
    for name in names:
        storage.delete(name)


def first_level(storage: Storage, folder: str, *, older_than: datetime) -> Iterator[str]:
    """Yield the names of the folders in `folder` that hold nothing newer than `older_than`."""
    newest: dict[str, datetime] = {}
    if isinstance(storage, Bucket):
        location = f"{storage.location.rstrip('/')}/" if storage.location else ""
        prefix = f"{location}{folder}/"
        for item in storage.bucket.objects.filter(Prefix=prefix):
            name = cast(str, item.key).removeprefix(prefix).split("/")[0]
            newest[name] = max(item.last_modified, newest.get(name, item.last_modified))
    else:
        for path in Path(storage.path(folder)).glob("*"):
            try:
                moments = [inner.stat().st_mtime for inner in (path, *path.rglob("*"))]
            except FileNotFoundError:  # being removed at this moment
                continue
            newest[path.name] = datetime.fromtimestamp(max(moments), tz=UTC)
    yield from (name for name, moment in newest.items() if moment < older_than)


def remove_drafts() -> int:
    """Delete drafts of writers that were killed; living writers hold a lock on theirs."""
    removed = 0
    for storage in (media_storage(), quarantine_storage()):
        if not isinstance(storage, Folder):
            continue
        for draft in storage.drafts().glob("*"):
            try:
                with draft.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    draft.unlink()
            except (FileNotFoundError, BlockingIOError):  # finished meanwhile, or being written
                continue
            removed += 1
    return removed
