"""Makes the demo library and a chapter with pages of 200 kB: `python -m bench.web_library`."""

import io
import json
import zipfile
from decimal import Decimal

import django

django.setup()

from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.roles.groups import MODERATOR, grant_role  # noqa: E402
from bench.archives import draw_scan  # noqa: E402
from catalog.choices import Kind  # noqa: E402
from catalog.covers import make_thumbnails  # noqa: E402
from catalog.models import Cover, Title  # noqa: E402
from demo.people import PASSWORD, READER_NAME, UPLOADER_NAME  # noqa: E402
from demo.play import make_demo_library  # noqa: E402
from reader.intake.extraction import extract_upload  # noqa: E402
from reader.intake.uploads import Submission, submit_upload  # noqa: E402
from reader.models import Series  # noqa: E402
from reader.publication.moderation import approve_upload  # noqa: E402
from reader.publication.publishing import publish_upload  # noqa: E402
from reader.publication.variants import make_saver_pages  # noqa: E402

PAGES = 6
PAGE_BYTES = 200_000
_NUMBER = Decimal(900)


def main() -> None:
    """Make the library, and print the paths of the screens that are measured."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    make_demo_library()
    User.objects.update(language="ky")  # as the browser: nobody loads the words of two languages
    series = Series.objects.get_queryset().public().order_by("-chapter_count", "pk")[0]
    upload = submit_upload(
        series,
        uploader=_moderator("web_uploader"),
        archive=ContentFile(_archive(), name="chapter.zip"),
        submission=Submission(number=_NUMBER, language="en", group=""),
    )
    extract_upload.run(upload.pk)
    upload.refresh_from_db()
    approve_upload(upload, moderator=_moderator("web_moderator"))
    publish_upload.run(upload.pk)
    # A worker would make these in the background.
    for cover in Cover.objects.all():
        make_thumbnails.run(cover.pk)
    make_saver_pages.run(upload.pk)
    movie = Title.objects.filter(kind=Kind.MOVIE).order_by("pk")[0]
    screens = {
        "home": "/",
        "browse": "/browse",
        "series": f"/series/{series.path_slug}",
        "chapter": f"/read/{upload.chapter_id}",
    }
    others = {
        "movie": f"/movies/{movie.path_slug}",
        "person": f"/u/{UPLOADER_NAME}",
        "login": "/login",
        "library": "/library",
        "lists": "/library/lists",
        "me": "/me",
        "settings": "/settings/profile",
        "upload": "/upload",
    }
    reader, uploader = (READER_NAME, PASSWORD), (UPLOADER_NAME, PASSWORD)
    members = {
        "library": reader, "lists": reader, "me": reader, "settings": reader, "upload": uploader,
    }  # fmt: skip
    print(json.dumps({"screens": screens, "others": others, "members": members}))


def _moderator(name: str) -> User:
    user = User.objects.create_user(name, f"{name}@example.test", "a password of no account")
    grant_role(user, MODERATOR)
    return user


def _archive() -> bytes:
    """Return a zip of pages that are as large as typical pages for phones."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(1, PAGES + 1):
            archive.writestr(f"{number:03}.jpeg", _page(number))
    return out.getvalue()


def _page(number: int) -> bytes:
    drawing, page = draw_scan(number, (1000, 1500)), b""
    for quality in range(20, 96, 5):
        out = io.BytesIO()
        drawing.save(out, "jpeg", quality=quality)
        if out.tell() > PAGE_BYTES:
            break
        page = out.getvalue()
    return page


if __name__ == "__main__":
    main()
