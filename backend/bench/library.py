"""Fill an installation: `python -m bench.library TITLES CHAPTERS [LONGEST]`, 0 0 for users only.

Titles have names, aliases, genres and covers, chapters have live uploads, and one series has
enough chapters and pages for whole lists. Prints the addresses that the bench asks for.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import django

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.auth.sessions import open_session  # noqa: E402
from accounts.models import User  # noqa: E402
from accounts.roles.groups import MODERATOR, grant_role  # noqa: E402
from bench.installation import LONG_SERIES_CHAPTERS  # noqa: E402
from bench.search import Names  # noqa: E402
from catalog.models import Alias, Category, Cover, Title  # noqa: E402
from catalog.search_index import reindex_all  # noqa: E402
from common.models import MediaFile  # noqa: E402
from reader.models import Chapter, Page, Upload  # noqa: E402
from reader.reading.chapters import refresh_counters_of  # noqa: E402

BATCH = 2_000
GENRES = 12
PAGES = 24
CHAPTERS_WITH_PAGES = 500
_PASSWORD = "a password of no account"


def fill(titles: int, chapters: int, longest: int = LONG_SERIES_CHAPTERS) -> dict[str, Any]:
    """Make users, and as many titles and chapters; return the addresses to measure with."""
    call_command("migrate", interactive=False, verbosity=0)
    found: dict[str, Any] = {
        "token": _make_uploader(), "username": "bench", "password": _PASSWORD,
    }  # fmt: skip
    if titles:
        with transaction.atomic():
            names = _make_titles(titles)
            _make_chapters(titles, chapters, longest)
            refresh_counters_of(Chapter.objects.all())
        reindex_all()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
        first = Title.objects.order_by("pk").first()
        chapter = Chapter.objects.filter(series=first, number=5).first()
        if first is None or chapter is None or first.slug is None:
            raise RuntimeError("the library was not filled")
        found |= {"slug": first.slug, "chapter": chapter.pk, "names": names}
    return found


def _make_uploader() -> str:
    user = User.objects.create_user("bench", "bench@example.test", _PASSWORD)
    grant_role(user, MODERATOR)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return open_session(user).access_token


def _file(kind: str, number: int, content_type: str = "image/webp") -> MediaFile:
    digest = hashlib.sha256(f"{kind} {number}".encode()).hexdigest()
    extension = content_type.removeprefix("image/")
    return MediaFile(
        name=f"{digest[:2]}/{digest}.{extension}", content_type=content_type, bytes=180_000
    )


def _files(kind: str, count: int) -> list[MediaFile]:
    return MediaFile.objects.bulk_create(
        (_file(kind, number) for number in range(count)), batch_size=BATCH
    )


def _make_titles(count: int) -> list[str]:
    maker, now = Names(), timezone.now()
    names = [maker.name() for _ in range(count)]
    titles = Title.objects.bulk_create(
        (
            Title(
                name=name, original_name=maker.name(), slug=f"series-{number}", kind="manga",
                moderation="approved", approved_at=now - timedelta(minutes=number),
                updated_at=now - timedelta(minutes=number), year=1980 + number % 45,
                popularity=number * 7919 % count, original_language="ja",
                synopsis={"en": "A made-up story. " * 20},
            )
            for number, name in enumerate(names)
        ),
        batch_size=BATCH,
    )  # fmt: skip
    genres = Category.objects.bulk_create(
        Category(slug=f"genre-{number}", name={"en": f"Genre {number}"}) for number in range(GENRES)
    )
    Category.title_set.through.objects.bulk_create(
        (
            Title.categories.through(
                title_id=title.pk, category_id=genres[(place * 5 + step) % GENRES].pk
            )
            for place, title in enumerate(titles)
            for step in range(3)
        ),
        batch_size=BATCH,
    )
    content_type = ContentType.objects.get_for_model(Title)
    Alias.objects.bulk_create(
        (
            Alias(content_type=content_type, object_id=title.pk, name=maker.name(), language="en")
            for title in titles
        ),
        batch_size=BATCH,
    )
    originals, small, large = (_files(kind, count) for kind in ("cover", "small", "large"))
    Cover.objects.bulk_create(
        (
            Cover(
                title=title, original=originals[place], small=small[place], large=large[place],
                width=800, height=1200, color="#808080", thumbnails_done=True,
            )
            for place, title in enumerate(titles)
        ),
        batch_size=BATCH,
    )  # fmt: skip
    return names


def _places(titles: int, chapters: int, longest: int) -> Iterator[tuple[int, int]]:
    """(place of the title, chapter number): a long series first, then all in turn."""
    made = min(longest, chapters)
    for number in range(1, made + 1):
        yield 0, number
    for step in range(chapters - made):
        yield 1 + step % (titles - 1), 1 + step // (titles - 1)


def _make_chapters(titles: int, count: int, longest: int) -> None:
    ids = list(Title.objects.order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    chapters = Chapter.objects.bulk_create(
        (
            Chapter(
                series_id=ids[place], number=Decimal(number), language="en", page_count=PAGES,
                title=f"Chapter {number}", published_at=now - timedelta(seconds=order),
            )
            for order, (place, number) in enumerate(_places(titles, count, longest))
        ),
        batch_size=BATCH,
    )  # fmt: skip
    uploader = User.objects.get(username="bench")
    uploads = Upload.objects.bulk_create(
        (
            Upload(
                chapter=chapter, uploader=uploader, state="live", filename="chapter.zip",
                archive_bytes=5_000_000, archive_sha256=f"{chapter.pk:064}", page_count=PAGES,
                pages_done=PAGES, variants_done=True,
            )
            for chapter in chapters
        ),
        batch_size=BATCH,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reader_chapter SET live_upload_id ="
            " (SELECT id FROM reader_upload WHERE chapter_id = reader_chapter.id)"
        )
        cursor.execute(
            "UPDATE catalog_title SET chapter_count ="
            " (SELECT count(*) FROM reader_chapter WHERE series_id = catalog_title.id),"
            " last_chapter_at = updated_at"
        )
    with_pages = uploads[:CHAPTERS_WITH_PAGES]
    files, savers = (_files(kind, len(with_pages) * PAGES) for kind in ("page", "saver"))
    Page.objects.bulk_create(
        (
            Page(
                upload=upload, number=number + 1, name=f"{number + 1:03}.webp", width=1400,
                content_type="image/webp", height=2000, bytes=180_000, color="#808080",
                sha256=f"{place * PAGES + number:064}",
                perceptual_hash=(place * PAGES + number) << 20,
                file=files[place * PAGES + number], saver=savers[place * PAGES + number],
            )
            for place, upload in enumerate(with_pages)
            for number in range(PAGES)
        ),
        batch_size=500,
    )  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(fill(*map(int, sys.argv[1:]))))
