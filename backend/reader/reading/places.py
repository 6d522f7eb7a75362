"""Gives chapters another place: by a moderator's edit, or when the rule of their series changes.

`reader.reading.chapters` explains what a place is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Title
from common.http.errors import AppError
from common.http.renderers import plain_number
from common.work.events import emit
from reader.models import NO_VOLUME, Chapter, ChapterQuerySet, Upload, UploadQuerySet
from reader.reading.chapters import drop_empty_chapters
from reader.states import REMOVED, UNDER_WAY

_NAMED = 5
# Uploads in these states may still be moved: they have not been approved for a place.
_MOVABLE = ("received", "extracting", "awaiting_review")


class PlaceTaken(AppError):
    """Two chapters would have the same place."""

    code = "place_taken"
    status = 409


def refuse_taken_place(chapter: Chapter) -> None:
    """Raise PlaceTaken where another chapter has the place of this one."""
    others = Chapter.objects.filter(
        series=chapter.series_id, number=chapter.number, language=chapter.language,
        group=chapter.group_id, place_volume=chapter.place_volume, place_title=chapter.place_title,
    )  # fmt: skip
    if others.exclude(pk=chapter.pk).exists():
        raise PlaceTaken(_("Another chapter has this place already: take it down first."))


# --- When the rule of a series changes ------------------------------------------------------------


def refuse_clashes(series: Title, *, restart: bool) -> None:
    """Raise PlaceTaken where chapters that are live, or have uploads that still count, would share
    a place under the rule `restart`."""
    _homes(_rows(Chapter.objects.filter(series=series.pk)), restart=restart)


def settle_places(series_id: int) -> None:
    """Give each chapter of a series the place that its present rule and volumes demand.

    Call it in the transaction that changed the rule or a volume. Raises PlaceTaken.
    """
    lock_places([series_id])
    chapters = Chapter.objects.filter(series=series_id)
    restart = Title.objects.get(pk=series_id).numbers_restart_per_volume
    homes = _homes(_rows(chapters), restart=restart)
    moved = [row for rows in homes.values() for row in rows if row["place_volume"] != row["home"]]
    # Moved one by one, two could share a place for a moment: so all get unused places first.
    ids = [row["pk"] for row in moved]
    chapters.filter(pk__in=ids).update(place_volume=NO_VOLUME - F("pk"))
    for rows in homes.values():
        _gather(rows)
    by_home: defaultdict[int, list[int]] = defaultdict(list)
    for row in moved:
        by_home[row["home"]].append(row["pk"])
    for home, pks in by_home.items():
        chapters.filter(pk__in=pks).update(place_volume=home)
    if restart:
        _part_uploads(series_id)
    if moved:
        emit("chapter_hidden", title_id=series_id, chapter_id=None)


def lock_places(series_ids: Collection[int]) -> None:
    """Keep others from creating, moving or publishing chapters of these series until the
    transaction ends.

    It locks chapters, then uploads, then the title, in the order in which publishing locks them:
    any other order could end in a deadlock.
    """
    _lock(Chapter.objects.filter(series__in=series_ids))
    _lock(Upload.objects.filter(chapter__series__in=series_ids, state__in=_MOVABLE))
    list(Title.objects.filter(pk__in=series_ids).order_by("pk").select_for_update())


def _lock(rows: ChapterQuerySet | UploadQuerySet) -> None:
    list(rows.order_by("pk").select_for_update().values_list("pk", flat=True))


def _rows(chapters: ChapterQuerySet) -> list[dict[str, Any]]:
    """Return the parts of the chapters' places; a chapter that is not live and has no volume gets
    the volume of its newest upload."""
    uploads = Upload.objects.filter(chapter=OuterRef("pk"))
    kept = Q(state__in=UNDER_WAY) | Q(state__in=REMOVED, purge_after__gt=timezone.now())
    marked = chapters.order_by("pk").annotate(is_kept=Exists(uploads.filter(kept)))
    found: Iterable[Any] = marked.values(
        "pk", "number", "language", "group_id", "place_volume", "place_title", "volume__number",
        "live_upload_id", "is_kept",
    )  # fmt: skip
    rows: list[dict[str, Any]] = list(found)
    without = [row["pk"] for row in rows if row["volume__number"] is None]
    sent = Upload.objects.filter(chapter__in=without, chapter__live_upload__isnull=True)
    newest = dict(sent.order_by("pk").values_list("chapter_id", "volume_number"))
    for row in rows:
        row["volume"] = row["volume__number"] or newest.get(row["pk"])
        row["is_alive"] = row["is_kept"] or row["live_upload_id"] is not None
    return rows


def _homes(rows: list[dict[str, Any]], *, restart: bool) -> dict[Any, list[dict[str, Any]]]:
    """Return the chapters of each place; raises PlaceTaken where two of one place are in use."""
    homes: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        row["home"] = (row["volume"] or NO_VOLUME) if restart else 0
        place = (row["number"], row["language"], row["group_id"], row["home"], row["place_title"])
        homes[place].append(row)
    clashes = [place for place, held in homes.items() if sum(r["is_alive"] for r in held) > 1]
    if clashes:
        numbers = ", ".join(_number_words(place[0]) for place in clashes[:_NAMED])
        message = _(
            "Several chapters would be one: %(numbers)s. Take all but one of each down first."
        )
        raise PlaceTaken(message % {"numbers": numbers})
    return homes


def _number_words(number: Decimal | None) -> str:
    return str(_("one-shot")) if number is None else f"#{plain_number(number)}"


def _gather(rows: list[dict[str, Any]]) -> None:
    """Keep one chapter of a place, the one in use, and move the uploads of the others to it."""
    if len(rows) < 2:
        return
    rows.sort(key=lambda row: not row["is_alive"])
    kept, *empty = rows
    gone = [row["pk"] for row in empty]
    Upload.objects.filter(chapter__in=gone).update(chapter=kept["pk"])
    Chapter.objects.filter(pk__in=gone).delete()


def _part_uploads(series_id: int) -> None:
    """Move waiting uploads that name another volume than their chapter's to that volume's place."""
    waiting: Iterable[Any] = (
        Upload.objects.filter(
            chapter__series=series_id, state__in=_MOVABLE, volume_number__isnull=False
        )
        .exclude(volume_number=F("chapter__place_volume"))
        .select_related("chapter")
        .order_by("pk")
    )
    for upload in waiting:
        old = upload.chapter
        new, _is_new = Chapter.objects.get_or_create(
            series_id=series_id, number=old.number, language=old.language, group_id=old.group_id,
            place_volume=upload.volume_number, place_title=old.place_title,
        )  # fmt: skip
        Upload.objects.filter(pk=upload.pk).update(chapter=new)
        drop_empty_chapters([old.pk])
