"""Storages that fail on purpose: at the `n`-th operation of all storages together."""

import errno
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings
from django.core.files.base import File

from common.files.storages import Folder

FULL_DISK = OSError(errno.ENOSPC, "No space left on device")
BROKEN_BUCKET = ClientError(
    {
        "Error": {"Code": "InternalError", "Message": "We encountered an internal error."},
        "ResponseMetadata": {"HTTPStatusCode": 500},
    },
    "PutObject",
)


class Trouble:
    """Counts operations; `fail_at(n)` breaks the n-th from now on, and only it."""

    def __init__(self) -> None:
        self.heal()

    def heal(self) -> None:
        self.count = 0
        self.at: int | None = None
        self.error: Exception = FULL_DISK

    def fail_at(self, number: int, error: Exception) -> None:
        self.count, self.at, self.error = 0, number, error

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise self.error


trouble = Trouble()


class FailingFolder(Folder):
    """A folder that asks `trouble` before each operation."""

    def _save(self, name: str, content: Any) -> str:
        trouble.step()
        return super()._save(name, content)

    def open(self, name: str, mode: str = "rb") -> "File[Any]":
        trouble.step()
        return super().open(name, mode)

    def delete(self, name: str) -> None:
        trouble.step()
        super().delete(name)

    def exists(self, name: str) -> bool:
        trouble.step()
        return super().exists(name)


def failing_storages(configured: dict[str, Any]) -> dict[str, Any]:
    """Return settings.STORAGES with both folders able to fail."""
    changed = dict(configured)
    for alias in ("media", "quarantine"):
        changed[alias] = {
            "BACKEND": "tests.failing_storage.FailingFolder",
            "OPTIONS": {"location": settings.DATA_FOLDER / alias},
        }
    return changed
