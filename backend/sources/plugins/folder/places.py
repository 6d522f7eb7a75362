"""Where an archive of series lies: a directory, or a prefix of a bucket. Both are only read."""

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError

from common.files.storages import STORAGE_ERRORS, Bucket, bucket_beside

__all__ = ["STORAGE_ERRORS", "Place", "open_place"]

MAX_SERIES = 20_000
MAX_ARCHIVES = 10_000  # of a series
_EXTENSIONS = (".cbz", ".zip")
_BLOCK_BYTES = 128 * 1024


class Place(Protocol):
    """Folders of series that hold archives of chapters, at most one folder deeper."""

    def series(self) -> list[str]:
        """Return the names of the folders."""
        ...

    def archives(self, series: str) -> list[str]:
        """Return the paths of the archives in a folder."""
        ...

    def open(self, series: str, path: str) -> BinaryIO:
        """Open an archive; raises one of STORAGE_ERRORS."""
        ...


def open_place(address: str) -> Place:
    """Return the place of a path, or of s3://bucket/prefix."""
    if address.startswith("s3://"):
        bucket, _slash, prefix = address.removeprefix("s3://").partition("/")
        return _Prefix(bucket_beside(bucket, prefix.strip("/")))
    return _Directory(Path(address))


class _Directory:
    """Links are passed over, so that nothing outside the directory is read."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def series(self) -> list[str]:
        names = [
            entry.name for entry in _entries(self._root) if entry.is_dir(follow_symlinks=False)
        ]
        return sorted(names)[:MAX_SERIES]

    def archives(self, series: str) -> list[str]:
        found = []
        for entry in _entries(self._root / series):
            if entry.is_dir(follow_symlinks=False):
                inner = _entries(Path(entry.path))
                found += [f"{entry.name}/{one.name}" for one in inner if _is_archive(one)]
            elif _is_archive(entry):
                found.append(entry.name)
        return sorted(found)[:MAX_ARCHIVES]

    def open(self, series: str, path: str) -> BinaryIO:
        target = self._root / series / path
        # A folder may have become a link since it was listed.
        if not target.resolve().is_relative_to(self._root.resolve()):
            raise FileNotFoundError(target)
        file = os.fdopen(os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise FileNotFoundError(target)
        return file


def _entries(folder: Path) -> Iterator["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if not entry.name.startswith("."))


def _is_archive(entry: "os.DirEntry[str]") -> bool:
    return entry.name.lower().endswith(_EXTENSIONS) and entry.is_file(follow_symlinks=False)


class _Prefix:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._prefix = f"{bucket.location.rstrip('/')}/" if bucket.location else ""

    def series(self) -> list[str]:
        pages = self._bucket.connection.meta.client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket.bucket_name, Prefix=self._prefix, Delimiter="/"
        )
        names = [
            cast(str, one["Prefix"]).removeprefix(self._prefix).rstrip("/")
            for page in pages
            for one in page.get("CommonPrefixes", ())
        ]
        return [name for name in names if name and not name.startswith(".")][:MAX_SERIES]

    def archives(self, series: str) -> list[str]:
        prefix = f"{self._prefix}{series}/"
        found = []
        for item in self._bucket.bucket.objects.filter(Prefix=prefix).limit(2 * MAX_ARCHIVES):
            path = cast(str, item.key).removeprefix(prefix)
            is_near = path.count("/") <= 1 and not path.rpartition("/")[2].startswith(".")
            if is_near and path.lower().endswith(_EXTENSIONS):
                found.append(path)
        return sorted(found)[:MAX_ARCHIVES]

    def open(self, series: str, path: str) -> BinaryIO:
        item = self._bucket.bucket.Object(f"{self._prefix}{series}/{path}")
        return cast(BinaryIO, io.BufferedReader(_Ranges(item), _BLOCK_BYTES))


class _Ranges(io.RawIOBase):
    """A file of a bucket of which only those bytes are fetched that are read."""

    def __init__(self, item: Any) -> None:
        self._item = item
        self._bytes: int = item.content_length
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._bytes}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._bytes - self._at)
        if wanted <= 0:
            return 0
        try:
            said = self._item.get(Range=f"bytes={self._at}-{self._at + wanted - 1}")
            found = said["Body"].read(wanted)
        except (BotoCoreError, ClientError) as error:
            raise OSError("the bucket does not give it away") from error
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)
