"""The review page: the queue, decisions, two moderators at once, duplicates."""

import random
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from reader.models import Chapter, Page, Upload
from reader.reading.chapters import create_volume
from reader.states import UploadState
from tests.cast import make_title, make_upload
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db
QUEUE = "/admin/reader/upload/review/"


def review_of(upload: Upload) -> str:
    return f"/admin/reader/upload/{upload.pk}/review/"


@pytest.fixture
def three_waiting(uploader_uli):
    series = make_title("Berserk")
    return [make_upload(uploader=uploader_uli, series=series) for _ in range(3)]


def test_the_queue_begins_with_the_oldest(log_in, moderator_mo, three_waiting):
    answer = log_in(moderator_mo).get(QUEUE)

    assert answer.headers["Location"] == review_of(three_waiting[0])


def test_an_empty_queue_says_so(log_in, moderator_mo):
    answer = log_in(moderator_mo).get(QUEUE)

    assert "Nothing waits for review." in answer.content.decode()


def test_all_pages_stand_in_the_strip_with_what_is_known_of_them(
    log_in, moderator_mo, three_waiting
):
    page = log_in(moderator_mo).get(review_of(three_waiting[0])).content.decode()

    assert page.count('loading="lazy"') == 3
    assert "jpeg · " in page
    first = three_waiting[0].pages.order_by("number").first()
    assert f"{first.width} × {first.height}" in page


def test_a_picture_of_the_strip_can_be_had_without_a_cookie(
    log_in, client, moderator_mo, three_waiting
):
    page = log_in(moderator_mo).get(review_of(three_waiting[0]))

    picture = client.get(page.context["pages"][0].url)

    assert picture["Content-Type"] == "image/jpeg"


def test_after_an_approval_the_next_one_opens(log_in, moderator_mo, three_waiting):
    first, second, _third = three_waiting

    answer = log_in(moderator_mo).post(f"/admin/reader/upload/{first.pk}/approve/")

    assert answer.headers["Location"] == review_of(second)
    first.refresh_from_db()
    assert first.state == UploadState.PUBLISHING


def test_after_the_last_one_the_queue_begins_anew(log_in, moderator_mo, three_waiting):
    first, _second, third = three_waiting

    answer = log_in(moderator_mo).post(f"/admin/reader/upload/{third.pk}/approve/")

    assert answer.headers["Location"] == review_of(first)


def test_a_rejection_keeps_the_reason_in_the_uploaders_language(
    log_in, moderator_mo, three_waiting
):
    first = three_waiting[0]

    log_in(moderator_mo).post(
        f"/admin/reader/upload/{first.pk}/reject/", {"ready": "order", "reason": "Page 2."}
    )

    first.refresh_from_db()
    assert first.state == UploadState.REJECTED
    assert first.reason == "Pages are missing or in the wrong order.\nPage 2."


def test_a_rejection_without_a_reason_is_asked_for_one(log_in, moderator_mo, three_waiting):
    first = three_waiting[0]

    answer = log_in(moderator_mo).post(
        f"/admin/reader/upload/{first.pk}/reject/", {"reason": " "}, follow=True
    )

    assert answer.redirect_chain[-1][0] == review_of(first)
    assert "Say why." in answer.content.decode()
    first.refresh_from_db()
    assert first.state == UploadState.AWAITING_REVIEW


def test_of_two_moderators_the_second_is_told_and_gets_the_next(
    log_in, moderator_mo, moderator_max, three_waiting
):
    first, second, _third = three_waiting
    log_in(moderator_mo).post(f"/admin/reader/upload/{first.pk}/approve/")

    answer = log_in(moderator_max).post(
        f"/admin/reader/upload/{first.pk}/reject/", {"reason": "no"}, follow=True
    )

    assert answer.redirect_chain[-1][0] == review_of(second)
    assert "Somebody else was first" in answer.content.decode()
    first.refresh_from_db()
    assert (first.state, first.decided_by) == (UploadState.PUBLISHING, moderator_mo)


def test_the_script_gets_its_answer_as_json(log_in, moderator_mo, moderator_max, three_waiting):
    first, second, _third = three_waiting
    address = f"/admin/reader/upload/{first.pk}/approve/"
    wanted = {"Accept": "application/json"}

    won = log_in(moderator_mo).post(address, headers=wanted)
    lost = log_in(moderator_max).post(address, headers=wanted)

    assert (won.status_code, won.json()["next"]) == (200, review_of(second))
    assert (lost.status_code, lost.json()["next"]) == (409, review_of(second))


def test_a_decision_is_in_the_log_with_who_from_to_and_why(log_in, moderator_mo, three_waiting):
    first = three_waiting[0]

    log_in(moderator_mo).post(f"/admin/reader/upload/{first.pk}/reject/", {"reason": "Blurred."})

    entry = AuditEntry.objects.get(action="reject", subject_id=first.pk)
    assert (entry.actor, entry.from_state, entry.to_state, entry.reason) == (
        moderator_mo, "awaiting_review", "rejected", "Blurred.",
    )  # fmt: skip


def test_selected_pages_are_deleted_and_the_rest_stays(log_in, moderator_mo, three_waiting):
    first = three_waiting[0]

    answer = log_in(moderator_mo).post(
        f"/admin/reader/upload/{first.pk}/pages/delete/", {"page": ["1", "3"]}
    )

    assert answer.headers["Location"] == review_of(first)
    assert list(first.pages.values_list("number", flat=True)) == [1]


def test_pages_known_elsewhere_are_named(log_in, moderator_mo, uploader_uli, outsider_otto):
    archive = make_chapter_zip(pages=3, seed=77)
    known = make_upload(uploader=uploader_uli, archive=archive)
    copy = make_upload(uploader=outsider_otto, archive=archive)

    page = log_in(moderator_mo).get(review_of(copy))

    assert page.context["twin_count"] == 3
    assert [(shared.upload, shared.same) for shared in page.context["shared_uploads"]] == [
        (known, 3)
    ]
    assert "3 pages are known already" in page.content.decode()


def test_a_nearly_same_picture_is_named(log_in, moderator_mo, uploader_uli):
    known = make_upload(uploader=uploader_uli)
    fresh = make_upload(uploader=uploader_uli)
    theirs = known.pages.get(number=2)
    Page.objects.filter(upload=fresh, number=1).update(
        perceptual_hash=theirs.perceptual_hash ^ 0b101
    )

    page = log_in(moderator_mo).get(review_of(fresh))

    [twin] = page.context["pages"][0].twins
    assert (twin.is_same, twin.distance, twin.upload_id, twin.number) == (False, 2, known.pk, 2)


def test_the_cost_does_not_grow_with_pages_or_the_queue(log_in, moderator_mo, uploader_uli):
    small = make_upload(uploader=uploader_uli, archive=make_chapter_zip(pages=2, seed=500))
    browser = log_in(moderator_mo)
    browser.get(review_of(small))

    with CaptureQueriesContext(connection) as few:
        browser.get(review_of(small))
    page = small.pages.get(number=1)
    Page.objects.bulk_create(
        _copy_of(page, number=number) for number in range(3, 1001)
    )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        answer = browser.get(review_of(small))

    assert len(answer.context["pages"]) == 1000
    assert len(many) == len(few) <= 20


def _copy_of(page: Page, *, number: int) -> Page:
    return Page(
        upload=page.upload, number=number, name=f"{number}.jpg", content_type=page.content_type,
        width=page.width, height=page.height, bytes=page.bytes, sha256=f"{number:064x}",
        perceptual_hash=random.Random(number).getrandbits(63), color=page.color,
    )  # fmt: skip


def test_a_decision_is_undone_from_what_the_script_is_told(log_in, moderator_mo, three_waiting):
    first, browser = three_waiting[0], log_in(moderator_mo)
    wanted = {"Accept": "application/json"}
    told = browser.post(
        f"/admin/reader/upload/{first.pk}/reject/", {"reason": "no"}, headers=wanted
    ).json()

    answer = browser.post(told["undo"], headers=wanted)
    again = browser.post(told["undo"], headers=wanted)

    assert told["undo_seconds"] == 10
    assert (answer.status_code, answer.json()["next"]) == (200, review_of(first))
    assert (again.status_code, again.json()["undo"]) == (409, "")
    first.refresh_from_db()
    assert first.state == UploadState.AWAITING_REVIEW


def test_without_the_script_the_next_page_has_the_button(log_in, moderator_mo, three_waiting):
    first, browser = three_waiting[0], log_in(moderator_mo)

    page = browser.post(f"/admin/reader/upload/{first.pk}/approve/", follow=True)
    address = f"/admin/reader/upload/undo/{first.pk}/"
    assert f'formaction="{address}"' in page.content.decode()
    answer = browser.post(address)

    assert answer.headers["Location"] == review_of(first)


def test_a_batch_is_undone_at_once(log_in, moderator_mo, three_waiting):
    ids = [upload.pk for upload in three_waiting]
    browser = log_in(moderator_mo)
    page = browser.post(
        "/admin/reader/upload/", {"action": "approve", "_selected_action": ids}, follow=True
    )
    [address] = re.findall(r'formaction="(/admin/reader/upload/undo/[^"]+)"', page.content.decode())

    browser.post(address)

    assert set(Upload.objects.values_list("state", flat=True)) == {"awaiting_review"}


def test_another_work_is_replaced_only_where_somebody_says_so(log_in, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="live", number=Decimal(1))
    volume = create_volume(upload.chapter.series)
    Chapter.objects.update(volume=volume)
    other = make_upload(uploader=uploader_uli, series=upload.chapter.series, number=Decimal(1))
    Upload.objects.filter(pk=other.pk).update(volume_number=2)
    browser, address = log_in(moderator_mo), f"/admin/reader/upload/{other.pk}/approve/"
    assert 'name="despite_replacing"' in browser.get(review_of(other)).content.decode()

    asked = browser.post(address, headers={"Accept": "application/json"})
    browser.post(address, {"despite_replacing": "1"})

    assert asked.status_code == 409
    assert asked.json()["next"] == review_of(other)
    other.refresh_from_db()
    assert other.state == UploadState.PUBLISHING
