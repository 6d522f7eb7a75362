"""Every test has its own data folder, database, storage and cache."""

import gc
import shutil

import pytest

pytest_plugins = [
    "tests.cast", "tests.clocks", "tests.decoders", "tests.disk", "tests.flushing", "tests.smtp",
    "tests.migrated", "tests.sources.chapter_shelf", "tests.sources.shelf", "tests.static_files",
]  # fmt: skip

# Each takes as long as hundreds of others. They begin first, so that no worker ends long after the
# other: what is left at the end can be shared.
_LONGEST = (
    "test_every_answer_is_in_the_schema_and_for_who_asked",
    "test_migrations_run_up_and_down",
    "test_no_page_of_the_admin_does_what_its_policy_forbids",
    "test_random_acts_leave_nothing_behind",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first."""
    items.sort(key=lambda item: not item.name.startswith(_LONGEST))


def pytest_collection_finish() -> None:
    """Freeze all imported objects, so that the garbage collector never looks at them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request, django_db_modify_db_settings_parallel_suffix):
    """Copy what is migrated already; SQLite is in a file, as in production.

    In memory, two threads would share one lock.
    """
    from django.conf import settings
    from django.db import connection

    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["TEMPLATE"] = request.getfixturevalue("migrated_database")
    elif not connection.settings_dict["TEST"]["NAME"]:
        path = str(settings.DATA_FOLDER / "test.sqlite3")
        shutil.copy(request.getfixturevalue("migrated"), path)
        connection.settings_dict["TEST"]["NAME"] = path


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb):
    """Keep the file that was put there, in which nothing is left to migrate."""
    from django.db import connection

    return django_db_keepdb or connection.vendor == "sqlite"


@pytest.fixture(autouse=True)
def _clean_stores(settings):
    """Empty the storages and the cache for each test."""
    from common.files.storages import delete_names, list_names, media_storage, quarantine_storage
    from common.http.shared_cache import shared_cache

    yield
    for storage in (media_storage(), quarantine_storage()):
        delete_names(storage, list_names(storage, ""))
    shared_cache().clear()
