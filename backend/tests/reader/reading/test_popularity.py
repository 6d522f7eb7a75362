"""What was read this week: who counts, how often, and what becomes of the counts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Title
from reader.models import DailyReads
from reader.reading.popularity import refresh_popularity
from reader.reading.progress import Progress, save_progress, save_progress_rows
from tests.cast import client_of, make_title, make_upload_row

pytestmark = pytest.mark.django_db


def turn(page=1, *, hours_ago=0, is_finished=False, is_unread=False):
    moment = timezone.now() - timedelta(hours=hours_ago)
    return Progress(page=page, is_finished=is_finished, is_unread=is_unread, changed_at=moment)


@pytest.fixture
def chapters(uploader_uli):
    """Three chapters of one title and one of another."""
    manas, other = make_title("Manas"), make_title("Other")
    return [
        make_upload_row(uploader=uploader_uli, series=series, pages=0).chapter
        for series in (manas, manas, manas, other)
    ]


def counts():
    return dict(DailyReads.objects.values_list("title__name", "readers"))


def test_a_member_counts_once_a_day_for_a_title(chapters, reader_rina, outsider_otto):
    first, second, third, other = chapters
    save_progress(first, user=reader_rina, progress=turn())
    save_progress(first, user=reader_rina, progress=turn(9, is_finished=True))
    save_progress(second, user=reader_rina, progress=turn(hours_ago=50))  # says its device
    save_progress_rows([(third, turn()), (other, turn())], user=reader_rina)
    save_progress_rows([(second, turn()), (third, turn())], user=outsider_otto)

    assert counts() == {"Manas": 2, "Other": 1}


def test_what_was_opened_before_counts_no_more(chapters, reader_rina):
    first, second, *_others = chapters
    save_progress(first, user=reader_rina, progress=turn())
    reader_rina.reading_states.update(opened_on=timezone.now().date() - timedelta(days=1))

    save_progress(first, user=reader_rina, progress=turn(5))
    assert counts() == {"Manas": 1}
    save_progress(second, user=reader_rina, progress=turn())
    assert counts() == {"Manas": 2}


def test_marking_unread_is_no_reading(chapters, reader_rina):
    save_progress(chapters[0], user=reader_rina, progress=turn(0, is_unread=True))

    assert counts() == {}


def test_the_last_seven_days_are_what_is_popular():
    today = timezone.now().date()
    names = ("This week", "This month", "Never")
    week, month, _never = (make_title(name, popularity=7) for name in names)
    for title, days_ago, readers in ((week, 0, 3), (week, 6, 2), (month, 7, 90)):
        DailyReads.objects.create(
            title=title, day=today - timedelta(days=days_ago), readers=readers
        )

    assert refresh_popularity() == 3

    found = client_of(None).get("/api/series?ordering=popular").json()["results"]
    assert [row["name"] for row in found] == ["This week", "Never", "This month"]
    popularity = dict(Title.objects.values_list("name", "popularity"))
    assert popularity == {"This week": 5, "This month": 0, "Never": 0}
    assert DailyReads.objects.count() == 2
    assert refresh_popularity() == 0
