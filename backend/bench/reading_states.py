"""Mark all chapters of an installation as read by one user; print how many there are."""

import json
from datetime import timedelta

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from reader.models import Chapter, ReadingState  # noqa: E402

_BATCH = 2_000


def read_everything() -> dict[str, int]:
    """Make the rows, each some seconds older than the one before."""
    user, now = User.objects.get(username="bench"), timezone.now()
    chapters = list(Chapter.objects.order_by("number", "pk").values_list("pk", "series"))
    moments = [now - timedelta(seconds=10 * place) for place in range(len(chapters))]
    ReadingState.objects.bulk_create(
        (
            ReadingState(
                user=user, series_id=series, chapter_id=chapter, page=3, changed_at=moment,
                finished_at=moment, last_finished_at=moment,
            )
            for (chapter, series), moment in zip(chapters, moments, strict=True)
        ),
        batch_size=_BATCH,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    series_count = len({series for _chapter, series in chapters})
    return {"series": series_count, "chapters": len(chapters) // series_count}


if __name__ == "__main__":
    print(json.dumps(read_everything()))
