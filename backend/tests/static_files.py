"""The files of the web app's build are looked at once, and not for each client of a test.

Django's test client starts all middleware anew, and WhiteNoise then reads a folder of 160 files.
"""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def _build_is_scanned_once() -> Iterator[None]:
    from django.conf import settings

    from mangakg.static_files import StaticFilesMiddleware

    scan = StaticFilesMiddleware.update_files_dictionary
    build = f"{settings.FRONTEND_BUILD}/"  # tests that write a build have a folder of their own
    found: dict[str, Any] = {}

    def scan_once(self: StaticFilesMiddleware, root: str, prefix: str) -> None:
        if root != build:
            scan(self, root, prefix)
        elif found:
            self.files.update(found)
        else:
            scan(self, root, prefix)
            found.update(self.files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesMiddleware, "update_files_dictionary", scan_once)
        yield
