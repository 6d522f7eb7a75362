"""Storages that can be held, so that a test can kill a process in the middle of its work.

While the file `hold` lies in the data folder, a process stores a dozen files and then waits: so a
test is neither too slow for a fast machine nor too fast for a slow one.
"""

import time
from typing import Any

from django.conf import settings

from common.files.storages import Bucket, Folder

STORED_WHILE_HELD = 12
_HOLD = settings.DATA_FOLDER / "hold"
_stored = 0


def _wait_while_held() -> None:
    global _stored  # noqa: PLW0603 (one count for both storages of a process)
    if not _HOLD.exists():
        _stored = 0
        return
    _stored += 1
    while _stored > STORED_WHILE_HELD and _HOLD.exists():
        time.sleep(0.02)


class HeldFolder(Folder):
    """A folder that waits when it is told to."""

    def _save(self, name: str, content: Any) -> str:
        _wait_while_held()
        return super()._save(name, content)


class HeldBucket(Bucket):
    """A bucket that waits when it is told to."""

    def _save(self, name: str, content: Any) -> str:
        _wait_while_held()
        saved: str = super()._save(name, content)
        return saved
