"""Nothing of these tests has to outlive a power cut, so none of them waits for the disk.

What is synced, and when, is tested where `os.fsync` is watched (`tests/common/files`).
"""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield
