"""Installations that are ready to start: each test gets a copy of one that was migrated once."""

import secrets
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.migrated import KEYS, write_all_to_one_file
from tests.processes.browsing import CHROMIUM
from tests.processes.held_storages import STORED_WHILE_HELD
from tests.processes.installation import Installation
from tests.reader.archive_builders import make_chapter_zip
from tests.services import (
    DATABASE_PREFIX,
    OwnS3,
    delete_redis_keys,
    drop_databases,
    find_postgres,
    find_redis,
    make_database,
    new_database_name,
    new_name,
)

POSTGRES, REDIS = find_postgres(), find_redis()
PROFILES = ["embedded", *(["services"] if POSTGRES and REDIS else [])]
PAGES = STORED_WHILE_HELD + 8
_COLLECT = """
import django
django.setup()
from mangakg.static_files import collect_static_files
collect_static_files()
"""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark of tests with PostgreSQL and Redis; end as with Ctrl-C when terminated."""
    # Otherwise processes, databases and keys would stay.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "services: needs PostgreSQL and Redis")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that ask for a profile in each one that this machine has."""
    if "profile" in metafunc.fixturenames:
        metafunc.parametrize("profile", PROFILES, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests whose services this machine lacks; `tests.run` says so in its last line."""
    if len(PROFILES) == 1:
        items[:] = [item for item in items if not item.get_closest_marker("services")]


@pytest.fixture(autouse=True)
def _clean_stores() -> None:
    """Do nothing: these tests do not use the installation of this process."""


@pytest.fixture(scope="session")
def chapter_zip() -> bytes:
    """Return a chapter with more pages than a held storage stores."""
    return make_chapter_zip(pages=PAGES, size=(300, 420))


@pytest.fixture(scope="session")
def static(made_once: Callable[..., Path]) -> Path:
    """The static files, as `manage.py up` or the image collects them."""

    def collect(folder: Path) -> None:
        Installation("embedded", folder, KEYS).run("-c", _COLLECT)

    return made_once("static files", collect) / "data" / "static"


@pytest.fixture(scope="session")
def embedded_template(made_once: Callable[..., Path], migrated: Path) -> Path:
    """A migrated SQLite file with the cast."""

    def let_in(folder: Path) -> None:
        (folder / "data").mkdir()
        shutil.copy(migrated, folder / "data")
        Installation("embedded", folder, KEYS).run("-m", "tests.processes.newcomers")
        write_all_to_one_file(folder / "data" / "mangakg.sqlite3")

    return made_once("embedded template", let_in) / "data" / "mangakg.sqlite3"


@pytest.fixture(scope="session")
def services_template(
    tmp_path_factory: pytest.TempPathFactory, migrated_database: str | None
) -> Iterator[str]:
    """The name of a migrated PostgreSQL database with the cast; its copies are named after it."""
    assert POSTGRES is not None
    name = new_database_name()
    url = make_database(POSTGRES, name, template=migrated_database or "template0")
    made = Installation(
        "services",
        tmp_path_factory.mktemp("services template"),
        {**KEYS, "DATABASE_URL": url},
    )
    try:
        made.run("manage.py", "migrate", "-v", "0")
        made.run("-m", "tests.processes.newcomers")
        yield name
    finally:
        drop_databases(POSTGRES, name)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnS3]:
    """An S3 server of the tests' own."""
    with OwnS3(tmp_path_factory.mktemp("s3 buckets")) as server:
        yield server


@pytest.fixture
def embedded(embedded_template: Path, static: Path, tmp_path: Path) -> Iterator[Installation]:
    """An embedded installation that does not run yet; its path has a space."""
    made = Installation("embedded", tmp_path / "an installation", KEYS, static=static)
    (made.folder / "data").mkdir(parents=True)
    shutil.copy(embedded_template, made.folder / "data" / "mangakg.sqlite3")
    yield made
    made.clean_up()


@pytest.fixture
def services(
    services_template: str, s3: OwnS3, static: Path, tmp_path: Path
) -> Iterator[Installation]:
    """An installation on PostgreSQL, Redis and S3 that does not run yet."""
    assert POSTGRES is not None
    assert REDIS is not None
    instance = f"test-{new_name()}"
    name = f"{services_template}_{secrets.token_hex(4)}"
    made = Installation(
        "services",
        tmp_path / "an installation",
        {
            **KEYS,
            **s3.environment(),
            "MANGAKG_INSTANCE": instance,
            "DATABASE_URL": make_database(POSTGRES, name, template=services_template),
            "DATABASE_POOL_SIZE": "4",
            "REDIS_URL": REDIS,
            "MEDIA_BASE_URL": f"{s3.public_url}/{instance}",
        },
        s3=s3,
        static=static,
    )
    made.folder.mkdir()
    assert name.startswith(DATABASE_PREFIX)
    yield made
    made.clean_up()
    drop_databases(POSTGRES, name)
    delete_redis_keys(REDIS, instance)
    for bucket in ("media", "quarantine"):
        shutil.rmtree(s3.folder / bucket / instance, ignore_errors=True)


@pytest.fixture
def installation(profile: str, request: pytest.FixtureRequest) -> Installation:
    """An installation, in a test for each profile."""
    made: Installation = request.getfixturevalue(profile)
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
            timeout=180_000,
        )
        yield started
        started.close()
