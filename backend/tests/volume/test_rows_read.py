"""Nothing that is asked often reads a table that grows: counted in a library of 300,000 pages.

Every changelist of the admin, every list of the API, every look for due work is found by itself;
one that must read more stands in EXCUSED with its reason and a bound of its own.
"""

import base64

import pytest
import yaml
from django.conf import settings as django_settings
from django.contrib import admin
from django.test import Client

import mangakg.celery  # noqa: F401 - registers every task
from accounts.models import User
from catalog.choices import Kind
from catalog.models import Title
from common.http.shared_cache import shared_cache
from common.work.background import SCHEDULE, TASKS
from sources.contract import FoundTitle
from sources.titles.matching import finding_of, match_findings
from tests.cast import client_of
from tests.volume.filling import TITLES
from tests.volume.reading import Reading, count_rows_read

MAX_ROWS = 2_000
# A list tells how many there are: of titles, and in the admin no further than 10,000.
MAX_COUNTED = TITLES + 1_000

_SCHEMA = yaml.safe_load((django_settings.BASE_DIR / "schema.yml").read_text())
_PLACES = {"id_or_slug": "blue-12", "username": "person1", "id": "111", "slug": "list-2"}
GET_PATHS = [path for path, methods in _SCHEMA["paths"].items() if "get" in methods]
# Behind a title without a score, of which there are many.
MIDDLE = base64.urlsafe_b64encode(b"[-1,9001,false]").decode()
QUERIES = [
    *(f"/api/series?ordering={ordering}" for ordering in ("updated", "popular", "rating", "title")),
    *(f"/api/movies?ordering={ordering}" for ordering in ("updated", "popular", "rating", "title")),
    *(f"/api/titles?{query}" for query in (
        "genre=genre-3", "tag=tag-3", "kind=manhwa", "year=1990", "status=completed",
        "rating=safe", "exclude_tag=tag-3", "search=blue", "scope=mine",
        "year_min=1990&year_max=1999", "year_min=2024",
        "chapter_language=en", "chapter_language=ky,ru", "chapter_language=ky",
    )),
    *(f"/api/chapters?language={words}" for words in ("en", "ky", "ky,ru", "xx")),
    "/api/series/blue-12/chapters?language=ky,ru",
    "/api/titles?scope=all", "/api/uploads?scope=all", "/api/uploads?scope=all&state=live",
    "/api/uploads?scope=all&state=awaiting_review",
    *(f"/api/library/items?ordering={order}" for order in (
        "title", "-title", "score", "-score", "progress", "added", "updated", "unread",
    )),
    *(f"/api/library/items?status=current&ordering={order}" for order in (
        "title", "score", "progress", "added", "unread",
    )),
    *(f"/api/library/items?{query}" for query in (
        "status=repeating", "type=manhwa", "tag=tag+7", "genre=genre-3", "year=1990",
        "score_min=90", "has_unread=true&ordering=unread", "search=blue",
        "updated_since=2020-01-01T00:00:00Z", "favourite=true", f"ordering=score&cursor={MIDDLE}",
    )),
    "/api/library/unread?status=current",
]  # fmt: skip

EXCUSED: dict[str, tuple[int, str]] = {
    "reader.intake.extraction.extract_upload": (
        5_000,
        "PostgreSQL hashes all people where they are few",
    ),
    # Of what a person asks for.
    "/api/reading": (20_000, "one look or two into each of the 5,000 series that they ever read"),
    "/api/auth/me/export": (0, "all that is known about a person, five times a day at most"),
    "/api/titles?status=completed": (20_000, "there is none, which only all 20,000 titles tell"),
    "/api/titles?year_min=1990&year_max=1999": (6_000, "the titles of ten years are sorted"),
    **{
        f"/api/titles?chapter_language={words}": (45_000, "tells how many of 20,000 titles have it")
        for words in ("en", "ky", "ky,ru")
    },
    **{
        f"/api/library/items?{query}": (60_000, "looks through a library of 18,000 for some titles")
        for query in (
            "tag=tag+7",
            "favourite=true",
            "genre=genre-3",
            "year=1990",
            "type=manhwa",
            "score_min=90",
        )
    },
    "/api/library/tags": (20_000, "counts what its owner has tagged, of a library of 18,000"),
    "/api/titles?scope=all": (110_000, "moderators' alone: all titles are sorted, with covers"),
    "/api/uploads?scope=all": (101_000, "moderators' alone; it tells how many there are"),
    "/api/uploads?scope=all&state=live": (101_000, "moderators' alone; it tells how many"),
    "/api/titles?search=blue": (20_000, "a word in every name; 500 candidates are scored"),
    # Of moderators' pages.
    "accounts.AuditEntry": (60_000, "the actions to filter by are those of all entries"),
    "accounts.OutgoingEmail": (60_000, "the kinds to filter by are those of a week's letters"),
    "accounts.Strike": (6_000, "the codes to filter by are those of all strikes"),
    "catalog.Title": (30_000, "20,000 titles are sorted; those that wait come first"),
    "reader.Chapter": (101_000, "the languages to filter by are those of all chapters"),
    "reader.Upload": (101_000, "the languages to filter by are those of all chapters"),
    "catalog.Person": (25_000, "10,000 people are sorted by their names"),
    "catalog.Author": (35_000, "10,000 people are sorted by their names"),
    "catalog.Artist": (35_000, "10,000 people are sorted by their names"),
    "catalog.Category": (25_000, "tells of few words how many titles have them"),
    "catalog.Tag": (25_000, "tells of few words how many titles have them"),
    "accounts.User": (15_000, "2,000 people with all their strikes are sorted by their names"),
    "safety.Member": (15_000, "2,000 people with all their strikes are sorted by their names"),
    # Of the schedule: not every few seconds.
    "reader.reading.popularity.refresh_popularity": (60_000, "every hour, of a week's counts"),
    "accounts.auth.sessions.purge_sessions": (20_000, "every hour, of all sessions"),
    "accounts.emails.purge_emails": (60_000, "four times a day, of a week's letters"),
    "common.statistics.refresh_statistics": (100_000, "once a day; it is a sample"),
}


@pytest.fixture(autouse=True)
def _no_throttles(settings):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES)


@pytest.fixture(scope="module")
def staff_person(db):
    """An admin, who sees everything."""
    User.objects.filter(pk=2).update(is_staff=True, is_superuser=True)
    return User.objects.get(pk=2)


def assert_reads_little(name: str, reading: Reading) -> None:
    """Fail where a statement reads more than it may, and show it."""
    allowed = EXCUSED.get(name, (MAX_ROWS, ""))[0]
    for rows, sql in reading.by_statement:
        is_count = sql.startswith("SELECT COUNT(*)")
        assert rows <= max(allowed, MAX_COUNTED if is_count else 0), f"{rows} rows by {sql}"


@pytest.mark.parametrize("name", TASKS)
def test_a_look_for_due_work_reads_little(name, db):
    with count_rows_read() as reading:
        found = list(TASKS[name].due())

    assert len(found) <= 50
    assert reading.by_statement
    assert_reads_little(name, reading)


@pytest.mark.parametrize("name", SCHEDULE)
def test_what_the_schedule_does_reads_little(name, db):
    with count_rows_read() as reading:
        SCHEDULE[name].run()

    assert_reads_little(name, reading)


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_a_list_of_the_admin_reads_little(model, staff_person):
    client = Client()
    client.force_login(staff_person)
    address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    with count_rows_read() as reading:
        answer = client.get(address)

    assert answer.status_code == 200
    assert_reads_little(model._meta.label, reading)


@pytest.mark.parametrize("path", [*GET_PATHS, *QUERIES])
def test_what_the_api_shows_reads_little(path, staff_person):
    if EXCUSED.get(path, (1, ""))[0] == 0:
        pytest.skip(EXCUSED[path][1])
    who = staff_person if "scope=all" in path else User.objects.get(pk=1)
    address = path
    for name, value in _PLACES.items():
        address = address.replace(f"{{{name}}}", value)
    shared_cache().clear()
    with count_rows_read() as reading:
        answer = client_of(who).get(address)

    assert answer.status_code < 500
    assert_reads_little(path, reading)


def test_matching_what_sources_find_reads_little(db):
    findings = [
        finding_of(source, FoundTitle(
            id=str(number), kind=Kind.MANGA, name=f"Blue {number}", year=1980 + number % 45,
            external_ids={"mal": str(number), "anilist": str(number)},
        ))
        for number in range(21, 41)
        for source in ("anilist", "mangadex")
    ]  # fmt: skip
    with count_rows_read() as reading:
        matches, rows = match_findings(findings, among=Title.objects.all().public())

    assert {match.title_id for match in matches} == set(range(21, 41)) == set(rows)
    assert_reads_little("sources.titles.matching", reading)


def test_the_counter_counts(db):
    with count_rows_read() as reading:
        User.objects.filter(bio="none").exists()

    assert 100 < reading.rows < 10_000  # 2,000 people, none of whom says that
