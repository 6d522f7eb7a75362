"""Banned pictures in the admin: by one click from a rejection, warned of, and unbanned."""

from typing import cast

import pytest

from catalog.choices import Moderation
from reader.models import BannedPicture, Upload
from reader.publication.moderation import approve_upload
from reader.states import UploadState
from tests.cast import make_title, make_upload
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db
LIST = "/admin/reader/upload/"
BANNED = "/admin/reader/bannedpicture/"


def review_of(upload: Upload) -> str:
    return f"/admin/reader/upload/{upload.pk}/review/"


@pytest.fixture
def copies(uploader_uli, outsider_otto) -> tuple[Upload, Upload]:
    """The same pages, sent by two."""
    archive = make_chapter_zip(3, seed=31)
    bad = make_upload(uploader=uploader_uli, archive=archive)
    return bad, make_upload(uploader=outsider_otto, archive=archive)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, []),
        ({"page": ["1"]}, []),
        ({"ban": "1"}, [1, 2, 3]),
        ({"ban": "1", "page": ["1", "3"]}, [1, 3]),
    ],
    ids=["no", "selected for something else", "all", "the selected ones"],
)
def test_a_rejection_bans_by_one_click(form, expected, log_in, moderator_mo, copies):
    bad, _copy = copies

    log_in(moderator_mo).post(
        f"/admin/reader/upload/{bad.pk}/reject/", {"reason": "Gore.", **form}
    )  # fmt: skip

    bad.refresh_from_db()
    assert bad.state == UploadState.REJECTED
    banned = BannedPicture.objects.order_by("page_number")
    assert list(banned.values_list("page_number", flat=True)) == expected


@pytest.fixture
def warned(log_in, moderator_mo, copies) -> Upload:
    """A copy that waits while its first and third page have become banned pictures."""
    bad, copy = copies
    log_in(moderator_mo).post(
        f"/admin/reader/upload/{bad.pk}/reject/", {"reason": "Gore.", "ban": "1", "page": [1, 3]}
    )
    return cast(Upload, copy)


def test_the_review_page_and_the_list_warn(log_in, moderator_mo, warned):
    browser = log_in(moderator_mo)

    page = browser.get(review_of(warned))
    listed = browser.get(LIST).content.decode()

    assert [shown.page.number for shown in page.context["pages"] if shown.banned] == [1, 3]
    assert "2 pages are banned pictures" in page.content.decode()
    assert "Gore." in page.content.decode()
    assert "2 banned pictures" in listed


def test_approving_needs_the_box(log_in, moderator_mo, warned):
    browser, address = log_in(moderator_mo), f"/admin/reader/upload/{warned.pk}/approve/"

    refused = browser.post(address, headers={"Accept": "application/json"})
    warned.refresh_from_db()
    assert (refused.status_code, warned.state) == (409, UploadState.AWAITING_REVIEW)
    assert "page 1, 3" in refused.json()["message"]

    browser.post(address, {"despite_banned": "1"})
    warned.refresh_from_db()
    assert warned.state == UploadState.PUBLISHING


def test_a_batch_never_approves_them(log_in, moderator_mo, warned):
    answer = log_in(moderator_mo).post(
        LIST, {"action": "approve", "_selected_action": warned.pk}, follow=True
    )

    assert "Banned pictures are in it" in answer.content.decode()
    warned.refresh_from_db()
    assert warned.state == UploadState.AWAITING_REVIEW


@pytest.mark.parametrize(
    ("action", "state"), [("reject", "awaiting_review"), ("take_down", "live"),
                          ("delete_live", "live")],
)  # fmt: skip
def test_batches_ban_where_one_ticks_the_box(action, state, log_in, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli, state=state)
    browser = log_in(moderator_mo)
    form = {"action": action, "_selected_action": upload.pk}
    assert 'name="ban"' in browser.post(LIST, form).content.decode()

    browser.post(LIST, {**form, "confirmed": "yes", "reason": "Gore.", "ban": "1"})

    assert BannedPicture.objects.filter(upload=upload).count() == 3


def test_pages_of_a_live_chapter_are_banned_one_by_one(log_in, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli, state="live")
    page = upload.pages.get(number=2)
    form = {"action": "ban_chosen", "_selected_action": page.pk}
    browser = log_in(moderator_mo)
    assert "Say why." not in browser.post("/admin/reader/page/", form).content.decode()

    browser.post("/admin/reader/page/", {**form, "confirmed": "yes", "reason": "Gore."})

    assert list(BannedPicture.objects.values_list("sha256", "reason")) == [(page.sha256, "Gore.")]


def test_the_list_is_searched_and_pictures_are_unbanned(log_in, moderator_mo, warned):
    browser = log_in(moderator_mo)
    first, third = BannedPicture.objects.order_by("page_number")

    found = [
        list(browser.get(BANNED, {"q": words}).context["cl"].queryset)
        for words in (first.sha256[:20], "gore", "nothing")
    ]
    browser.post(BANNED, {"action": "unban", "_selected_action": first.pk})

    assert found == [[first], [third, first], []]
    assert list(BannedPicture.objects.all()) == [third]
    warned.refresh_from_db()
    assert warned.banned_pages == 1


def test_what_waits_for_its_series_can_still_be_rejected(log_in, moderator_mo, uploader_uli):
    pending = make_title("Secret", moderation=Moderation.PENDING)
    upload = make_upload(uploader=uploader_uli, series=pending)
    approve_upload(upload, moderator=moderator_mo)
    browser = log_in(moderator_mo)

    page = browser.get(review_of(upload)).content.decode()
    browser.post(f"/admin/reader/upload/{upload.pk}/reject/", {"reason": "No."})

    assert "it waits for its series" in page
    assert 'id="approve"' not in page
    upload.refresh_from_db()
    assert upload.state == UploadState.REJECTED
