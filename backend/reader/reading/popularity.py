"""Counts the readers of titles this week, by day and title; the counts name no reader.

A user counts once a day for a title, when they open a chapter of it that they never opened before.
Reading on or reading again does not count, so the number of a day is a number of users.
"""

from collections.abc import Collection
from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from catalog.models import Title
from common.http.shared_cache import invalidate_cached_views
from common.work.background import scheduled_task
from reader.models import DailyReads, ReadingState

_DAYS = 7
_TITLES_AT_ONCE = 500


def titles_opened_on(day: date, *, user: User) -> set[int]:
    """Return the ids of the titles of which a user first opened a chapter on that day."""
    opened = ReadingState.objects.filter(user=user, opened_on=day)
    return set(opened.values_list("series_id", flat=True))


def count_reads(title_ids: Collection[int], *, day: date) -> None:
    """Count one more reader for each of the titles, in the caller's transaction.

    One statement goes through the titles by id, so that two users who send many titles at once do
    not wait for each other in a circle.
    """
    if not title_ids:
        return
    on = connection.ops.adapt_datefield_value(day)
    rows = [value for pk in sorted(title_ids) for value in (pk, on)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reader_dailyreads (title_id, day, readers)"  # noqa: S608 (marks only)
            f" VALUES {', '.join(['(%s, %s, 1)'] * len(title_ids))}"
            " ON CONFLICT (day, title_id) DO UPDATE SET readers = reader_dailyreads.readers + 1",
            rows,
        )


@scheduled_task(every_seconds=3600)
def refresh_popularity() -> int:
    """Write the readers of the last seven days into `Title.popularity`, by which
    `ordering=popular` sorts, and delete older days; return how many titles changed."""
    first_day = timezone.now().date() - timedelta(days=_DAYS - 1)
    DailyReads.objects.filter(day__lt=first_day).delete()
    of_title = DailyReads.objects.filter(title=OuterRef("pk"), day__gte=first_day).values("title")
    readers = Coalesce(Subquery(of_title.annotate(all=Sum("readers")).values("all")), 0)
    moved = (
        Title.objects.filter(Q(popularity__gt=0) | Q(pk__in=DailyReads.objects.values("title")))
        .annotate(readers=readers)
        .exclude(popularity=F("readers"))
    )
    ids = list(moved.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _TITLES_AT_ONCE):
        with transaction.atomic():
            some = Title.objects.filter(pk__in=ids[start : start + _TITLES_AT_ONCE])
            # Locked by id, as everywhere where many titles are locked.
            list(some.select_for_update().order_by("pk").values_list("pk", flat=True))
            some.update(popularity=readers)
    if ids:
        invalidate_cached_views("popularity")
    return len(ids)
