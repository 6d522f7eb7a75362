"""The demo's chapters, each drawn, zipped and walked through the real stories to its end."""

import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from accounts.models import User
from catalog.models import Title
from demo.library import DemoTitle
from demo.pages import draw_double_page, draw_page, draw_strip
from demo.titles import as_jpeg
from reader.chapters import refresh_counters
from reader.models import Chapter, Upload
from reader.moderation import approve_upload, reject_upload
from reader.publishing import publish_upload
from reader.states import UploadState
from reader.uploads import Submission, extract_upload, submit_upload

_WAIT_SECONDS = 60
ALA_TOO, STEPPE = "Ala-Too Translations", "Steppe Scans"


@dataclass(frozen=True)
class DemoChapter:
    """One upload. `drawn_as` lets two uploads share their drawings; `ends` says how it ends."""

    series: str
    number: str | None
    language: str
    pages: int
    format: str = "jpg"
    title: str = ""
    volume: int | None = None
    group: str = ""
    wide_page: int | None = None
    days_old: int = 0
    ends: str = "live"  # live, waiting, rejected or failed
    drawn_as: str = ""
    quality: int = 84

    @property
    def filename(self) -> str:
        """The zip's name, which tells it apart from every other of the demo."""
        words = (self.series, self.number or "one-shot", self.language, self.group, self.ends)
        return "-".join(word.lower().replace(" ", "-") for word in words if word) + ".zip"


_MANAS, _LEOPARD, _BELL = (
    "Manas: The Boy from Talas",
    "The Snow Leopard's Apprentice",
    "The Bell of Issyk-Kul",
)
_OSH, _STEPPE, _YURT = "Caravan to Osh", "One Steppe", "Yurt No. 7"
_NIGHTS, _TOSHTUK = "Seven Nights of Albarsty", "Er Toshtuk Below the Earth"

CHAPTERS: tuple[DemoChapter, ...] = (
    DemoChapter(_TOSHTUK, "1", "en", 5, "webp", "The Fall", days_old=33),
    DemoChapter(_TOSHTUK, "2", "en", 5, "webp", "The Black Bird", wide_page=3, days_old=30),
    DemoChapter(_NIGHTS, "1", "en", 5, "jpg", "A Sister's Voice", days_old=27, group=STEPPE),
    DemoChapter(_BELL, "1", "en", 5, "png", "Bronze", days_old=25, group=ALA_TOO),
    DemoChapter(_BELL, "1", "ky", 5, "png", "Коло", days_old=24, group=ALA_TOO),
    DemoChapter(_BELL, "2", "en", 5, "png", "The Answer", days_old=19, group=ALA_TOO),
    DemoChapter(_OSH, "1", "en", 5, "avif", "Twelve Camels", days_old=16),
    DemoChapter(_OSH, "2", "en", 5, "avif", "The Dry Well", days_old=12),
    DemoChapter(_MANAS, "1", "en", 6, "jpg", "Lambs", 1, STEPPE, days_old=15),
    DemoChapter(_MANAS, "1", "ky", 6, "jpg", "Козулар", 1, ALA_TOO, days_old=14),
    DemoChapter(_MANAS, "2", "en", 6, "jpg", "The Open Gate", 1, STEPPE, wide_page=4, days_old=8),
    DemoChapter(_MANAS, "2", "ky", 6, "jpg", "Ачык короо", 1, ALA_TOO, wide_page=4, days_old=7),
    DemoChapter(_MANAS, "3", "en", 6, "jpg", "First Snow", 2, STEPPE, days_old=2),
    DemoChapter(_YURT, None, "en", 4, "gif", "The Ninth Cup", days_old=6),
    DemoChapter(_LEOPARD, "1", "en", 2, "jpg", "The Pass", days_old=9),
    DemoChapter(_LEOPARD, "1", "ru", 2, "jpg", "Перевал", days_old=9, group=ALA_TOO),
    DemoChapter(_LEOPARD, "2", "en", 1, "jpg", "Footprints", days_old=1),
    DemoChapter(_STEPPE, "10", "en", 5, "jpg", "Borrowed", 2, STEPPE, days_old=5),
    DemoChapter(_STEPPE, "10", "en", 5, "webp", "A Borrowed Horse", 2, ALA_TOO, days_old=4),
    DemoChapter(_STEPPE, "10.5", "en", 4, "jpg", "Dinner", 2, STEPPE, days_old=3),
    DemoChapter(_STEPPE, "11", "en", 5, "jpg", "Room for One More", 3, STEPPE),
    DemoChapter(_STEPPE, "10", "ru", 5, "jpg", "Взаймы", 2, days_old=2),
    # What a moderator finds: a near-copy of live pages, a new chapter, and one that was refused.
    DemoChapter(_STEPPE, "12", "en", 5, "jpg", "Again from the Beginning", 3, ends="waiting",
                drawn_as="10", quality=60),
    DemoChapter(_LEOPARD, "2", "ru", 1, "jpg", "Следы", ends="waiting"),
    DemoChapter(_BELL, "3", "en", 5, "png", "Under the Lake", ends="waiting", group=ALA_TOO),
    DemoChapter(_OSH, "3", "en", 2, "jpg", "Test", ends="rejected"),
    DemoChapter(_YURT, "1", "en", 3, "jpg", "Guests", ends="failed"),
)  # fmt: skip
_REJECTION = "These are test pages. Send the whole chapter."


def play_chapter(
    demo: DemoChapter, title: DemoTitle, series: Title, *, uploader: User, moderator: User
) -> Upload:
    """Walk a chapter's upload to its end; what is there already is only brought further."""
    upload = Upload.objects.filter(filename=demo.filename, uploader=uploader).first()
    if upload is None:
        upload = _submit(demo, title, series, uploader)
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


def _submit(demo: DemoChapter, title: DemoTitle, series: Title, uploader: User) -> Upload:
    return submit_upload(
        series,
        uploader=uploader,
        archive=ContentFile(_draw_archive(demo, title), name=demo.filename),
        submission=Submission(
            number=None if demo.number is None else Decimal(demo.number),
            language=demo.language,
            title=demo.title,
            volume=demo.volume,
            group=demo.group,
        ),
    )


def _work(task: Callable[[int], None], upload: Upload, under_way: UploadState) -> None:
    """Do a step here, or wait while a running worker does it."""
    until = time.monotonic() + _WAIT_SECONDS
    states = (UploadState.RECEIVED, under_way)
    task(upload.pk)
    upload.refresh_from_db()
    while upload.state in states and time.monotonic() < until:
        time.sleep(0.1)
        upload.refresh_from_db()


def _set_age(chapter: Chapter, days: int) -> None:
    """Let the chapter have come some days ago, so that lists by day have days."""
    Chapter.objects.filter(pk=chapter.pk).update(published_at=timezone.now() - timedelta(days=days))
    refresh_counters(chapter.series_id)


def _draw_archive(demo: DemoChapter, title: DemoTitle) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for number in range(1, demo.pages + 1):
            file = _encode(_draw(demo, title, number), demo)
            if demo.ends == "failed" and number == demo.pages:
                file = file[: len(file) // 2]  # a copy that was cut short
            archive.writestr(f"{number:03}.{demo.format}", file)
    return out.getvalue()


def _draw(demo: DemoChapter, title: DemoTitle, number: int) -> Image.Image:
    seed = f"{demo.series} {demo.drawn_as or demo.number}"
    says = title.says[demo.language]
    lines = [says[(number * 2 + index) % len(says)] for index in range(3)]
    if title.kind == "manhwa":
        return draw_strip(title.look, seed=seed, number=number, lines=says, panels=6)
    if number == demo.wide_page:
        return draw_double_page(title.look, seed=seed, number=number, line=lines[0])
    return draw_page(title.look, seed=seed, number=number, lines=lines)


def _encode(picture: Image.Image, demo: DemoChapter) -> bytes:
    if demo.format == "jpg":
        return as_jpeg(picture, quality=demo.quality)
    out = io.BytesIO()
    if demo.format == "png":
        picture.quantize(128, dither=Image.Dither.NONE).save(out, "PNG")
    elif demo.format == "gif":
        picture.quantize(128, dither=Image.Dither.NONE).save(out, "GIF")
    elif demo.format == "avif":
        picture.save(out, "AVIF", quality=62, speed=9)
    else:
        picture.save(out, "WEBP", quality=82, method=1)
    return out.getvalue()
