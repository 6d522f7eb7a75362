"""The services profile's run of the tests, loaded by `tests.run` with `-p tests.profile`.

Only tests that use a database run a second time, except those marked `same_everywhere`: they are
about permissions, pages in a browser or headers, which no service changes.
"""

import os
from typing import Any

import httpx
import pytest

from tests.services import RUN

# These are about folders: they break, age or read those of the embedded profile.
_ABOUT_FOLDERS = {
    "test_a_folder_without_a_row_is_swept_after_a_day",
    "test_a_foreign_folder_does_not_stop_the_sweep",
    "test_a_picture_of_the_strip_can_be_had_without_a_cookie",
    "test_an_urgent_sweep_that_failed_is_made_good_by_the_next_round",
    "test_no_page_needs_anything_inline",
    "test_pages_have_private_addresses_until_they_are_live",
    "test_public_and_private_pictures_are_pictures_and_nothing_else",
    "test_what_a_killed_worker_wrote_after_a_withdrawal_is_swept",
    "test_what_can_still_be_restored_is_not_swept",
}
# These are about the views that serve those folders, which buckets do not use.
_ABOUT_SERVING = "test_files.py"
PUBLIC_BUCKET = "TEST_PUBLIC_BUCKET"

if PUBLIC_BUCKET in os.environ:
    # After `tests.environment`, which is loaded first; `tests.run` deletes keys with this prefix.
    _instance = "-".join(("test", os.environ[RUN], os.environ.get("PYTEST_XDIST_WORKER", "main")))
    os.environ["MANGAKG_INSTANCE"] = _instance
    os.environ["MEDIA_BASE_URL"] = f"{os.environ[PUBLIC_BUCKET]}/{_instance}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep only the tests that use the database, and so storage, cache and queue."""
    kept = [item for item in items if _can_tell_profiles_apart(item)]
    dropped = [item for item in items if not _can_tell_profiles_apart(item)]
    config.hook.pytest_deselected(items=dropped)
    items[:] = kept


def _can_tell_profiles_apart(item: pytest.Item) -> bool:
    if item.get_closest_marker("same_everywhere"):
        return False
    if getattr(item, "originalname", item.name) in _ABOUT_FOLDERS:
        return False
    if item.path.name == _ABOUT_SERVING:
        return False
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or bool(
        {"db", "transactional_db"} & set(fixtures)
    )


@pytest.fixture(autouse=True)
def _pictures_come_from_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Django's test client go where a picture's address says, as a browser does."""
    from django.http import HttpResponse
    from rest_framework.test import APIClient

    inside = APIClient.get

    def get(self: APIClient, path: str, *arguments: Any, **options: Any) -> Any:
        if not path.startswith("http"):
            return inside(self, path, *arguments, **options)
        answer = httpx.get(path, timeout=60)
        return HttpResponse(answer.content, status=answer.status_code, headers=dict(answer.headers))

    monkeypatch.setattr(APIClient, "get", get)
