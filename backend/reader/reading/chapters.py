"""The places of chapters, which uploads fill, and the counters of their series.

A place is a series, a number, a language and a group. Where the series begins its numbers anew in
each volume, the volume is part of it; for a one-shot, the title is. `Chapter.place_volume` and
`place_title` hold these two, so that the database can keep places unique.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.choices import Moderation
from catalog.models import Title, TitleLanguage
from catalog.slugs import unique_slug
from common.http.shared_cache import invalidate_cached_views
from common.names import FoldedField, fold_text
from common.work.background import scheduled_task
from common.work.events import emit
from reader.models import NO_VOLUME, Chapter, Group, Upload, Volume
from reader.states import UNDER_WAY, UploadState

_ATTEMPTS = 20
_MAX_TITLE_CHARS = 300
_TITLES_AT_ONCE = 500


def place_volume(series: Title, volume: int | None) -> int:
    """Return the `place_volume` of a volume: 0 where the volume is not part of a place."""
    if not series.numbers_restart_per_volume:
        return 0
    return NO_VOLUME if volume is None else volume


def place_title(number: Decimal | None, title: str) -> str:
    """Return the `place_title` of a title: it is empty for all chapters but one-shots."""
    return fold_text(title)[:_MAX_TITLE_CHARS] if number is None else ""


def replaced_work(upload: Upload) -> Chapter | None:
    """Return the live chapter of another volume or title that the upload would replace.

    A title that one of them lacks does not count as another one, nor does a volume that the upload
    does not name. None where nothing would be replaced.
    """
    chapter = upload.chapter
    if upload.state not in UNDER_WAY or chapter.live_upload_id in (None, upload.pk):
        return None
    volume = chapter.volume.number if chapter.volume is not None else None
    is_other_volume = upload.volume_number is not None and upload.volume_number != volume
    ours, theirs = fold_text(upload.title), fold_text(chapter.title)
    is_other_title = bool(ours and theirs) and ours != theirs
    return chapter if is_other_volume or is_other_title else None


def find_or_create_chapter(
    series: Title,
    *,
    number: Decimal | None,
    language: str,
    group: Group | None,
    volume: int | None = None,
    title: str = "",
) -> Chapter:
    """Return the chapter of a place, creating it where it is new; two requests at once get one."""
    with transaction.atomic():
        # Locked until the caller's transaction ends, so that the rule of its numbers stays.
        series = Title.objects.select_for_update(no_key=True).get(pk=series.pk)
        place: dict[str, Any] = {
            "series": series, "number": number, "language": language, "group": group,
            "place_volume": place_volume(series, volume),
            "place_title": place_title(number, title),
        }  # fmt: skip
        same_place = Chapter.objects.filter(**place)  # the ORM turns "= None" into IS NULL
        found = same_place.first()
        if found is not None:
            return found
        try:
            with transaction.atomic():
                return Chapter.objects.create(**place)
        except IntegrityError:
            return same_place.get()


def find_or_create_group(name_or_slug: str) -> Group | None:
    """Return the group of a slug or name, creating it where it is new; None for an empty word."""
    word = " ".join(name_or_slug.split())
    if not word:
        return None
    called = Group.objects.filter(name_folded=FoldedField.make(word))
    for _attempt in range(_ATTEMPTS):
        found = Group.objects.filter(slug=word).first() or called.first()
        if found is not None:
            return found
        slug = unique_slug(Group, word, fallback="group")
        try:
            with transaction.atomic():
                return Group.objects.create(name=word, slug=slug)
        except IntegrityError:  # another request made it, or took the slug: try again
            continue
    raise RuntimeError(f"no free slug for group {word!r}")


def create_volume(series: Title, *, title: str = "") -> Volume:
    """Create the volume after the last one."""
    for _attempt in range(_ATTEMPTS):
        last = series.volumes.aggregate(last=Max("number"))["last"] or 0
        try:
            with transaction.atomic():
                return Volume.objects.create(series=series, number=last + 1, title=title)
        except IntegrityError:  # another request took the number; the next one is free
            continue
    raise RuntimeError(f"no free volume number in series {series.pk}")


def find_or_create_volume(series: Title, number: int | None) -> Volume | None:
    """Return the volume with that number, creating it where it is new; None for None."""
    if number is None:
        return None
    return Volume.objects.get_or_create(series=series, number=number)[0]


def drop_empty_chapters(ids: Iterable[int]) -> None:
    """Delete the chapters of these ids that have no upload any more."""
    Chapter.objects.filter(pk__in=list(ids), live_upload=None, uploads=None).delete()


def chapters_of_public_titles() -> QuerySet[Chapter]:
    """Return the chapters of public titles: only their approved uploads may become public."""
    # No join, as conditional UPDATEs use it: after waiting for a lock, PostgreSQL would not check
    # the joined row again.
    return Chapter.objects.filter(series__moderation=Moderation.APPROVED)


def held_back() -> Q:
    """Match uploads that are approved and wait for their title; they may still be rejected."""
    return Q(state=UploadState.PUBLISHING) & ~Q(chapter__in=chapters_of_public_titles())


def refresh_counters(series_id: int) -> None:
    """Count a series' public chapters anew; code that changes one calls it."""
    with transaction.atomic():
        # Locked, so that of two chapters that go live at once neither is left out.
        Title.objects.select_for_update().get(pk=series_id)
        public = Chapter.objects.public().filter(series_id=series_id)
        found = public.aggregate(count=Count("pk"), last=Max("published_at"))
        Title.objects.filter(pk=series_id).update(
            chapter_count=found["count"],
            last_chapter_at=found["last"],
            updated_at=found["last"] or F("created_at"),
        )
        _count_languages([series_id])
        invalidate_cached_views("chapters", "titles")


def refresh_counters_of(chapters: QuerySet[Chapter]) -> list[int]:
    """Count the public chapters of these chapters' series anew, in few queries for many series.

    Return the ids of the series.
    """
    with transaction.atomic():
        held = Title.objects.filter(pk__in=chapters.values("series")).order_by("pk")
        ids = list(held.select_for_update().values_list("pk", flat=True))
        public = Chapter.objects.public().filter(series=OuterRef("pk")).order_by().values("series")
        last = Subquery(public.annotate(last=Max("published_at")).values("last"))
        count = Subquery(public.annotate(count=Count("pk")).values("count"))
        for start in range(0, len(ids), _TITLES_AT_ONCE):
            some = ids[start : start + _TITLES_AT_ONCE]
            Title.objects.filter(pk__in=some).update(
                chapter_count=Coalesce(count, 0),
                last_chapter_at=last,
                updated_at=Coalesce(last, F("created_at")),
            )
            _count_languages(some)
        invalidate_cached_views("chapters", "titles")
    return ids


def _count_languages(series_ids: list[int]) -> None:
    """Count the public chapters of each language anew; the caller has locked the titles."""
    public = Chapter.objects.public().filter(series__in=series_ids).order_by()
    counted = public.values_list("series_id", "language").annotate(count=Count("pk"))
    TitleLanguage.objects.filter(title__in=series_ids).delete()
    TitleLanguage.objects.bulk_create(
        TitleLanguage(title_id=series_id, language=language, chapter_count=count)
        for series_id, language, count in counted
    )


@scheduled_task(every_seconds=15)
def release_due_chapters() -> None:
    """Publish the chapters whose `publish_at` has come, and update counters and cached lists."""
    due = Chapter.objects.public().filter(published_at__isnull=True)
    for pk, series_id in list(due.values_list("pk", "series_id")[:500]):
        with transaction.atomic():
            if Chapter.objects.filter(pk=pk, published_at__isnull=True).update(
                published_at=timezone.now()
            ):
                refresh_counters(series_id)
                emit("chapter_published", title_id=series_id, chapter_id=pk)
