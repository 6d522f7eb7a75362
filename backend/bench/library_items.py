"""Fill a catalogue and libraries: `python -m bench.library_items ITEMS OTHERS ITEMS_OF_OTHERS`.

The user `bench` keeps all ITEMS titles of the catalogue and has read the first series; OTHERS more
users keep fewer. Tables are filled by one INSERT each, as those of `tests/volume` are. Prints what
is asked for, and how many statements each page takes.
"""

import json
import sys
from typing import Any
from urllib.parse import quote

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext, override_settings  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from accounts.auth.sessions import open_session  # noqa: E402
from accounts.models import User  # noqa: E402
from bench.search import Names  # noqa: E402
from catalog.models import Cover, Title  # noqa: E402
from catalog.search_index import reindex_all  # noqa: E402
from common.models import MediaFile  # noqa: E402
from reader.models import Chapter, ReadingState, Upload  # noqa: E402
from tests.volume.filling import (  # noqa: E402
    fill,
    hexadecimal,
    moment,
    never,
    order_of_numbers,
    without_checks,
)
from tracker.choices import ItemStatus  # noqa: E402
from tracker.library.counters import recount_library  # noqa: E402
from tracker.models import LibraryItem, LibraryTag  # noqa: E402

MARKED_CHAPTERS = 3_000  # of the series whose read marks are asked for
MOST_AT_ONCE = 10_000
_BATCH = 2_000
_TAGS = 20


def make_libraries(items: int, others: int, items_of_others: int) -> dict[str, Any]:
    """Make catalogue and libraries; return the paths to measure, with their statements."""
    call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic():
        user = User.objects.create_user("bench", "bench@example.test", "a password of no account")
        _make_titles(items)
        with without_checks():
            _make_chapters(items)
            _make_users(first=user.pk + 1, count=others)
            _make_items(user.pk, items, others, items_of_others)
    reindex_all()
    for keeper in range(user.pk, user.pk + others + 1):
        recount_library(keeper)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    return _asked(user)


def _make_titles(count: int) -> None:
    names = Names()
    Title.objects.bulk_create(
        (
            Title(
                name=names.name(), slug=f"series-{number}", kind="manga", moderation="approved",
                year=1980 + number % 45, chapter_count=1, synopsis={"en": "A made-up story. " * 20},
            )
            for number in range(count)
        ),
        batch_size=_BATCH,
    )  # fmt: skip
    Title.objects.filter(slug="series-0").update(chapter_count=MARKED_CHAPTERS)


def _make_chapters(titles: int) -> None:
    """Give the first series its many chapters, each other one, and all of them covers."""
    count = MARKED_CHAPTERS + titles - 1
    is_of_first = f"i <= {MARKED_CHAPTERS}"
    fill(
        MediaFile, titles * 3,
        name="'ab/' || " + hexadecimal(64) + " || '.webp'", content_type="'image/webp'",
        bytes="180000", unreferenced_since="NULL",
    )  # fmt: skip
    fill(
        Cover, titles,
        title_id="i", original_id="i", small_id=f"i + {titles}", large_id=f"i + {titles * 2}",
        width="800", height="1200", color="'#808080'", thumbnails_done="(1 = 1)",
    )  # fmt: skip
    fill(
        Chapter, count,
        series_id=f"CASE WHEN {is_of_first} THEN 1 ELSE i - {MARKED_CHAPTERS} + 1 END",
        number=f"CASE WHEN {is_of_first} THEN i ELSE 1 END", language="'en'",
        title="'Chapter ' || i", live_upload_id="i", published_at=moment("i"), page_count="24",
    )  # fmt: skip
    folder = "gen_random_uuid()" if connection.vendor == "postgresql" else hexadecimal(32)
    fill(
        Upload, count,
        chapter_id="i", uploader_id="1", state="'live'", folder=folder, filename="'chapter.zip'",
        archive_bytes="5000000", archive_sha256=hexadecimal(64), page_count="24", pages_done="24",
        variants_done="(1 = 1)", decided_at=moment("i"),
    )  # fmt: skip
    fill(
        ReadingState, MARKED_CHAPTERS,
        user_id="1", series_id="1", chapter_id="i", page="3", changed_at=moment("i"),
        finished_at=moment("i"), last_finished_at=moment("i"),
    )  # fmt: skip


def _make_users(*, first: int, count: int) -> None:
    fill(
        User, count,
        id=f"i + {first - 1}", username="'keeper' || i", username_key="'keeper' || i",
        username_order=order_of_numbers(), email="'k' || i || '@e.test'",
    )  # fmt: skip


def _make_items(user: int, items: int, others: int, of_others: int) -> None:
    is_ours, place = f"i <= {items}", f"(i - {items} - 1)"
    keeper = f"{place} / {of_others}"
    statuses = " ".join(f"WHEN {n} THEN '{word}'" for n, word in enumerate(ItemStatus.values))
    has_unread = "i %% 4 > 0"
    fill(
        LibraryItem, items + others * of_others,
        user_id=f"CASE WHEN {is_ours} THEN {user} ELSE {user + 1} + {keeper} END",
        title_id=f"CASE WHEN {is_ours} THEN i"
        f" ELSE 1 + ({keeper} * 37 + {place} %% {of_others}) %% {items} END",
        kind="'manga'", name_order=order_of_numbers(),
        status=f"CASE i %% {len(ItemStatus)} {statuses} END", progress="i %% 100",
        score="CASE WHEN i %% 3 = 0 THEN i %% 101 END", is_favourite="(i %% 50 = 0)",
        field_times="'{}'", unread_count="i %% 4",
        next_chapter_id=f"CASE WHEN {is_ours} AND {has_unread} THEN {MARKED_CHAPTERS} + i - 1 END",
        last_unread_at=f"CASE WHEN {has_unread} THEN {moment('i * 60')} ELSE {never()} END",
        created_at=moment("i * 60"), updated_at=moment(f"i %% {items} * 7919 %% {items} * 60"),
    )  # fmt: skip
    fill(LibraryTag, _TAGS, user_id=str(user), name="'tag ' || i", name_folded="'tag ' || i")
    fill(
        LibraryItem.tags.through, items * 2,
        libraryitem_id="(i + 1) / 2", librarytag_id=f"1 + ((i + 1) / 2 + i %% 2) %% {_TAGS}",
    )  # fmt: skip


def _asked(user: User) -> dict[str, Any]:
    first = Title.objects.get(slug="series-0")
    last = "&cursor=" + _cursor_in_the_middle(user)
    paths = {
        "library page": "/api/library/items",
        "page in the middle": f"/api/library/items?ordering=updated{last}",
        "filter and sort": "/api/library/items?status=current&ordering=score",
        "by title": "/api/library/items?ordering=title&type=manga",
        "search": f"/api/library/items?search={quote(first.name[:6])}",
        "summary": "/api/library/summary",
        "unread": "/api/library/unread",
        "marks of a series": f"/api/series/{first.path_slug}/progress",
    }
    with override_settings(ACCESS_TOKEN_SECONDS=24 * 3600):  # a busy machine takes its time
        token = open_session(user).access_token
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    queries = {}
    for name, path in paths.items():
        for _time in range(2):  # the second time, what is kept for longer is known
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(path, SERVER_NAME="127.0.0.1")
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.content!r}")
        queries[name] = len(captured)
    item = LibraryItem.objects.get(user=user, title=first)
    LibraryItem.objects.filter(pk=item.pk).update(progress=0)
    recount_library(user.pk)
    address = f"/api/library/items/{item.pk}"
    with CaptureQueriesContext(connection) as captured:
        client.post(f"{address}/progress", {"by": 1}, format="json", SERVER_NAME="127.0.0.1")
    queries["one more"] = len(captured)
    ids = LibraryItem.objects.filter(user=user).order_by("-pk").values_list("pk", flat=True)
    return {
        "token": token, "paths": paths, "queries": queries, "item": address,
        "ids": list(ids[:MOST_AT_ONCE]),
    }  # fmt: skip


def _cursor_in_the_middle(user: User) -> str:
    from tracker.api.item_query import ItemPages  # noqa: PLC0415

    items = LibraryItem.objects.filter(user=user).order_by("-updated_at", "-pk")
    row = items[items.count() // 2]
    pages = ItemPages()
    pages.column, pages.field = "updated_at", LibraryItem._meta.get_field("updated_at")
    pages.path = "/"
    return pages._link(row, is_backwards=False).partition("cursor=")[2]


if __name__ == "__main__":
    print(json.dumps(make_libraries(*map(int, sys.argv[1:]))))
