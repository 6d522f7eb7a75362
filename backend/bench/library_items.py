"""Fill libraries: `python -m bench.library_items ITEMS OTHERS ITEMS_OF_OTHERS`.

The user `bench` keeps ITEMS titles, of the many that the installation has; OTHERS more users keep
fewer. Prints what is asked for, and how many statements each page takes.
"""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.test import APIClient  # noqa: E402

from accounts.auth.sessions import open_session  # noqa: E402
from accounts.models import User  # noqa: E402
from catalog.models import Title  # noqa: E402
from reader.models import Chapter, ReadingState  # noqa: E402
from tracker.choices import ItemStatus  # noqa: E402
from tracker.library.counters import recount_library  # noqa: E402
from tracker.models import LibraryItem, LibraryTag  # noqa: E402

_BATCH = 2_000
_TAGS = 20


def fill(items: int, others: int, items_of_others: int) -> dict[str, Any]:
    """Make the libraries; return the paths to measure, with their statements."""
    titles = list(Title.objects.order_by("pk").only("pk", "kind", "name_order", "chapter_count"))
    user = User.objects.get(username="bench")
    people = User.objects.bulk_create(
        User(
            username=f"keeper{number}", username_key=f"keeper{number}", email="", password="!",
            username_order=f"keeper{number:06}".encode(),
        )
        for number in range(others)
    )  # fmt: skip
    LibraryItem.objects.bulk_create(_items(user, titles[:items]), batch_size=_BATCH)
    for place, keeper in enumerate(people):
        start = place * 37 % max(1, len(titles) - items_of_others)
        some = titles[start : start + items_of_others]
        LibraryItem.objects.bulk_create(_items(keeper, some), batch_size=_BATCH)
    for keeper in (user, *people):
        recount_library(keeper.pk)
    _tag(user)
    _read_first_series(user, titles[0])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    return _asked(user)


def _items(user: User, titles: list[Title]) -> Iterator[LibraryItem]:
    now, statuses = timezone.now(), list(ItemStatus)
    for place, title in enumerate(titles):
        yield LibraryItem(
            user=user, title=title, kind=title.kind, name_order=title.name_order,
            status=statuses[place % len(statuses)], progress=place % 100,
            score=None if place % 3 else place % 101, is_favourite=place % 50 == 0,
            unread_count=place % 4, created_at=now - timedelta(minutes=place),
            updated_at=now - timedelta(minutes=place * 7919 % len(titles)),
            last_unread_at=now - timedelta(minutes=place),
        )  # fmt: skip


def _tag(user: User) -> None:
    tags = LibraryTag.objects.bulk_create(
        LibraryTag(user=user, name=f"tag {number}", name_folded=f"tag {number}")
        for number in range(_TAGS)
    )
    through = LibraryItem.tags.through
    ids = LibraryItem.objects.filter(user=user).order_by("pk").values_list("pk", flat=True)
    through.objects.bulk_create(
        (
            through(libraryitem_id=pk, librarytag=tags[(place + step) % _TAGS])
            for place, pk in enumerate(ids)
            for step in range(2)
        ),
        batch_size=_BATCH,
    )


def _read_first_series(user: User, title: Title) -> None:
    now = timezone.now()
    chapters = Chapter.objects.filter(series=title).values_list("pk", flat=True)
    ReadingState.objects.bulk_create(
        (
            ReadingState(
                user=user, series=title, chapter_id=pk, page=3, changed_at=now, finished_at=now,
                last_finished_at=now,
            )
            for pk in chapters
        ),
        batch_size=_BATCH,
    )  # fmt: skip


def _asked(user: User) -> dict[str, Any]:
    last = "&cursor=" + _cursor_in_the_middle(user)
    paths = {
        "library page": "/api/library/items",
        "page in the middle": f"/api/library/items?ordering=updated{last}",
        "filter and sort": "/api/library/items?status=current&ordering=score",
        "by title": "/api/library/items?ordering=title&type=manga",
        "search": f"/api/library/items?search={quote(Title.objects.order_by('pk')[0].name[:6])}",
        "summary": "/api/library/summary",
        "unread": "/api/library/unread",
        "marks of a series": f"/api/series/{Title.objects.order_by('pk')[0].path_slug}/progress",
    }
    token = open_session(user).access_token
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    queries = {}
    for name, path in paths.items():
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path, SERVER_NAME="127.0.0.1")
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.content!r}")
        queries[name] = len(captured)
    item = LibraryItem.objects.filter(user=user).order_by("pk")[0]
    LibraryItem.objects.filter(pk=item.pk).update(progress=0)
    recount_library(user.pk)
    return {"token": token, "paths": paths, "queries": queries, "item": item.pk}


def _cursor_in_the_middle(user: User) -> str:
    from tracker.api.item_query import ItemPages  # noqa: PLC0415

    items = LibraryItem.objects.filter(user=user).order_by("-updated_at", "-pk")
    row = items[items.count() // 2]
    pages = ItemPages()
    pages.column, pages.field = "updated_at", LibraryItem._meta.get_field("updated_at")
    pages.path = "/"
    return pages._link(row, is_backwards=False).partition("cursor=")[2]


if __name__ == "__main__":
    print(json.dumps(fill(*map(int, sys.argv[1:]))))
