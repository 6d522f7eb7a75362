"""The demo's chapters: each is zipped, and goes through the real upload, check and review."""

import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from catalog.models import Title
from demo.library import PICTURES
from reader.intake.extraction import extract_upload
from reader.intake.uploads import Submission, submit_upload
from reader.models import Chapter, Upload
from reader.publication.moderation import approve_upload, reject_upload
from reader.publication.publishing import publish_upload
from reader.reading.chapters import refresh_counters
from reader.states import UploadState

_WAIT_SECONDS = 60
ALA_TOO, STEPPE = "Ala-Too Translations", "Steppe Scans"


@dataclass(frozen=True)
class DemoChapter:
    """One upload: `pages` is the folder of its pictures, `ends` names its final state."""

    pages: str
    number: str | None
    language: str
    title: str
    volume: int | None = None
    group: str = ""
    days_old: int = 0
    ends: str = "live"  # live, waiting, rejected or failed

    @property
    def series(self) -> str:
        """The folder of the title that the chapter belongs to."""
        return self.pages.partition("/")[0]

    @property
    def filename(self) -> str:
        """The name of the zip; no other one of the demo has it."""
        return self.pages.replace("/", "-") + ".zip"

    @property
    def files(self) -> list[Path]:
        """The picture files of its pages, in reading order."""
        return sorted((PICTURES / self.pages).iterdir())


CHAPTERS: tuple[DemoChapter, ...] = (
    DemoChapter("er-toshtuk/1-en", "1", "en", "The Fall", days_old=33),
    DemoChapter("er-toshtuk/2-en", "2", "en", "The Black Bird", days_old=30),
    DemoChapter("seven-nights/1-en", "1", "en", "A Sister's Voice", group=STEPPE, days_old=27),
    DemoChapter("bell/1-en", "1", "en", "Bronze", group=ALA_TOO, days_old=25),
    DemoChapter("bell/1-ky", "1", "ky", "Коло", group=ALA_TOO, days_old=24),
    DemoChapter("bell/2-en", "2", "en", "The Answer", group=ALA_TOO, days_old=19),
    DemoChapter("caravan-to-osh/1-en", "1", "en", "Twelve Camels", days_old=16),
    DemoChapter("caravan-to-osh/2-en", "2", "en", "The Dry Well", days_old=12),
    DemoChapter("manas/1-en", "1", "en", "Lambs", 1, STEPPE, days_old=15),
    DemoChapter("manas/1-ky", "1", "ky", "Козулар", 1, ALA_TOO, days_old=14),
    DemoChapter("manas/2-en", "2", "en", "The Open Gate", 1, STEPPE, days_old=8),
    DemoChapter("manas/2-ky", "2", "ky", "Ачык короо", 1, ALA_TOO, days_old=7),
    DemoChapter("manas/3-en", "3", "en", "First Snow", 2, STEPPE, days_old=2),
    DemoChapter("yurt-no-7/one-shot-en", None, "en", "The Ninth Cup", days_old=6),
    DemoChapter("snow-leopard/1-en", "1", "en", "The Pass", days_old=9),
    DemoChapter("snow-leopard/1-ru", "1", "ru", "Перевал", group=ALA_TOO, days_old=9),
    DemoChapter("snow-leopard/2-en", "2", "en", "Footprints", days_old=1),
    DemoChapter("one-steppe/10-en", "10", "en", "Borrowed", 2, STEPPE, days_old=5),
    DemoChapter("one-steppe/10-en-ala-too", "10", "en", "A Borrowed Horse", 2, ALA_TOO, days_old=4),
    DemoChapter("one-steppe/10.5-en", "10.5", "en", "Dinner", 2, STEPPE, days_old=3),
    DemoChapter("one-steppe/11-en", "11", "en", "Room for One More", 3, STEPPE),
    DemoChapter("one-steppe/10-ru", "10", "ru", "Взаймы", 2, days_old=2),
    # For the moderator: a near-copy of live pages, new chapters, a rejected one and a failed one.
    DemoChapter("one-steppe/12-en", "12", "en", "Again from the Beginning", 3, ends="waiting"),
    DemoChapter("snow-leopard/2-ru", "2", "ru", "Следы", ends="waiting"),
    DemoChapter("bell/3-en", "3", "en", "Under the Lake", group=ALA_TOO, ends="waiting"),
    DemoChapter("caravan-to-osh/3-en", "3", "en", "Test", ends="rejected"),
    DemoChapter("yurt-no-7/1-en", "1", "en", "Guests", ends="failed"),
)
_REJECTION = "These are test pages. Send the whole chapter."


def play_chapter(demo: DemoChapter, series: Title, *, uploader: User, moderator: User) -> Upload:
    """Take a chapter's upload to its final state and return it; a second call goes on from where
    the first one stopped."""
    upload = Upload.objects.filter(filename=demo.filename, uploader=uploader).first()
    if upload is None:
        upload = _submit(demo, series, uploader)
    if upload.state in (UploadState.RECEIVED, UploadState.EXTRACTING):
        _work(extract_upload.run, upload, UploadState.EXTRACTING)
    if upload.state == UploadState.AWAITING_REVIEW and demo.ends == "live":
        approve_upload(upload, moderator=moderator)
        upload.refresh_from_db()
    if upload.state == UploadState.AWAITING_REVIEW and demo.ends == "rejected":
        reject_upload(upload, moderator=moderator, reason=_REJECTION)
    if upload.state == UploadState.PUBLISHING:
        _work(publish_upload.run, upload, UploadState.PUBLISHING)
        _set_age(upload.chapter, demo.days_old)
    return upload


def _submit(demo: DemoChapter, series: Title, uploader: User) -> Upload:
    return submit_upload(
        series,
        uploader=uploader,
        archive=ContentFile(_zip_pages(demo), name=demo.filename),
        submission=Submission(
            number=None if demo.number is None else Decimal(demo.number),
            language=demo.language,
            title=demo.title,
            volume=demo.volume,
            group=demo.group,
        ),
    )


def _work(task: Callable[[int], None], upload: Upload, under_way: UploadState) -> None:
    """Run a task here, or wait while a running worker does it."""
    until = time.monotonic() + _WAIT_SECONDS
    states = (UploadState.RECEIVED, under_way)
    task(upload.pk)
    upload.refresh_from_db()
    while upload.state in states and time.monotonic() < until:
        time.sleep(0.1)
        upload.refresh_from_db()


def _set_age(chapter: Chapter, days: int) -> None:
    """Set the date of a chapter so many days back, so that lists by day have several days."""
    Chapter.objects.filter(pk=chapter.pk).update(published_at=timezone.now() - timedelta(days=days))
    refresh_counters(chapter.series_id)


def _zip_pages(demo: DemoChapter) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        *others, last = demo.files
        for file in others:
            archive.write(file, file.name)
        picture = last.read_bytes()
        if demo.ends == "failed":
            picture = picture[: len(picture) // 2]  # a copy that was cut short
        archive.writestr(last.name, picture)
    return out.getvalue()
