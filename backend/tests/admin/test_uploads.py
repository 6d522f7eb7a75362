"""The list of uploads: batches, search, the form that submits."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, User
from reader.models import Chapter, Upload
from reader.states import UploadState
from tests.cast import make_title, make_upload, make_upload_row
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db
LIST = "/admin/reader/upload/"


def choose(action: str, *uploads: Upload, **words: str):
    return {"action": action, "_selected_action": [upload.pk for upload in uploads], **words}


def states(*uploads: Upload) -> list[str]:
    return [Upload.objects.get(pk=upload.pk).state for upload in uploads]


def test_a_batch_is_approved(log_in, moderator_mo, uploader_uli):
    uploads = [make_upload(uploader=uploader_uli) for _ in range(2)]

    answer = log_in(moderator_mo).post(LIST, choose("approve", *uploads), follow=True)

    assert states(*uploads) == [UploadState.PUBLISHING] * 2
    assert "Approved: 2." in answer.content.decode()


def test_a_batch_goes_on_past_those_that_are_decided(log_in, moderator_mo, uploader_uli):
    decided = make_upload(uploader=uploader_uli, state=UploadState.LIVE)
    waiting = make_upload(uploader=uploader_uli)

    answer = log_in(moderator_mo).post(LIST, choose("approve", decided, waiting), follow=True)

    page = answer.content.decode()
    assert states(decided, waiting) == [UploadState.LIVE, UploadState.PUBLISHING]
    assert "Approved: 1." in page
    assert "Somebody else was first" in page


@pytest.mark.parametrize(
    "batch",
    [
        ("reject", UploadState.AWAITING_REVIEW, UploadState.REJECTED),
        ("take_down", UploadState.LIVE, UploadState.TAKEN_DOWN),
        ("delete_live", UploadState.LIVE, UploadState.DELETED),
    ],
)
def test_a_batch_with_a_reason_asks_for_it_first(batch, log_in, moderator_mo, uploader_uli):
    action, before, after = batch
    upload = make_upload(uploader=uploader_uli, state=before)
    browser = log_in(moderator_mo)

    asked = browser.post(LIST, choose(action, upload))
    untold = browser.post(LIST, choose(action, upload, confirmed="yes", reason=" "))
    told = states(upload)
    browser.post(LIST, choose(action, upload, confirmed="yes", reason="Because."))

    assert 'name="reason"' in asked.content.decode()
    assert "Say why." in untold.content.decode()
    assert told == [before]
    assert states(upload) == [after]
    assert AuditEntry.objects.filter(subject_id=upload.pk, reason="Because.").exists()


def test_a_ready_reason_reaches_each_uploader_in_their_language(log_in, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli)

    log_in(moderator_mo).post(
        LIST, choose("reject", upload, confirmed="yes", ready="quality", reason="See page 1.")
    )

    upload.refresh_from_db()
    assert upload.reason == ("The pictures are too small or too blurred to read.\nSee page 1.")


def test_a_take_down_is_undone(log_in, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli, state=UploadState.LIVE)
    browser = log_in(moderator_mo)
    browser.post(LIST, choose("take_down", upload, confirmed="yes", reason="A mistake."))

    browser.post(LIST, choose("restore", upload))

    assert states(upload) == [UploadState.PUBLISHING]


def test_pages_are_deleted_in_a_batch(log_in, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli)
    doomed = upload.pages.filter(number__in=[1, 2])

    log_in(moderator_mo).post(
        "/admin/reader/page/",
        {"action": "delete_chosen", "_selected_action": [page.pk for page in doomed]},
    )

    assert list(upload.pages.values_list("number", flat=True)) == [1]


def test_uploads_are_found_by_their_series(log_in, moderator_mo, uploader_uli):
    wanted = make_upload(uploader=uploader_uli, series=make_title("Наруто"))
    make_upload(uploader=uploader_uli, series=make_title("Bleach"))

    answer = log_in(moderator_mo).get(LIST, {"q": "naruto"})

    assert list(answer.context["cl"].queryset) == [wanted]


def test_the_list_costs_the_same_for_one_and_for_many(log_in, moderator_mo, uploader_uli):
    make_upload(uploader=uploader_uli)
    browser = log_in(moderator_mo)
    browser.get(LIST)

    with CaptureQueriesContext(connection) as one:
        browser.get(LIST)
    for _ in range(5):
        make_upload(uploader=uploader_uli)
    with CaptureQueriesContext(connection) as six:
        browser.get(LIST)

    assert len(six) == len(one) <= 15


def test_an_upload_tells_its_history(log_in, moderator_mo, uploader_uli):
    rejected = make_upload(uploader=uploader_uli)
    log_in(moderator_mo).post(f"{LIST}{rejected.pk}/reject/", {"reason": "Blurred."})
    upload = make_upload(uploader=uploader_uli)

    page = log_in(moderator_mo).get(f"{LIST}{upload.pk}/change/")

    history = page.context["history"]
    assert (history.total, history.rejected, history.approved) == (2, 1, 0)
    assert [refused.reason for refused in history.refusals] == ["Blurred."]


# --- Submitting ---------------------------------------------------------------------------------


def submit(browser, series, content: bytes, **words: str):
    file = SimpleUploadedFile("ch1.zip", content, content_type="application/zip")
    return browser.post(
        f"{LIST}add/", {"series": series.pk, "file": file, "language": "en", **words}
    )


def test_a_chapter_is_submitted_from_the_series_page(log_in, moderator_mo):
    series = make_title()
    browser = log_in(moderator_mo)
    page = browser.get(f"/admin/reader/series/{series.pk}/change/")

    form = browser.get(page.context["upload_url"])
    answer = submit(
        browser, series, make_chapter_zip(pages=2), number="7.5", title="Rain", group="Tulpar"
    )

    upload = Upload.objects.get()
    assert form.context["form"].initial == {"series": str(series.pk)}
    assert answer.headers["Location"] == f"{LIST}{upload.pk}/change/"
    assert (str(upload.chapter.number), upload.title) == ("7.500", "Rain")
    assert (str(upload.chapter.group), upload.uploader) == ("Tulpar", moderator_mo)


def test_what_is_wrong_with_a_zip_stands_by_its_field(log_in, moderator_mo):
    answer = submit(log_in(moderator_mo), make_title(), b"no zip at all")

    [sentence] = answer.context["form"].errors["file"]
    assert "zip" in sentence
    assert Upload.objects.get().error_code == "not_a_zip"


def test_an_uploader_submits_only_to_series_they_see(log_in, uploader_uli):
    uploader_uli.is_staff = True
    uploader_uli.save(update_fields=["is_staff"])
    browser = log_in(uploader_uli)
    draft, public = make_title("A secret", moderation="draft"), make_title("No secret")
    pick = {"app_label": "reader", "model_name": "chapter", "field_name": "series", "term": "secr"}

    hidden = submit(browser, draft, make_chapter_zip(), number="1")
    seen = submit(browser, public, make_chapter_zip(), number="1")
    offered = browser.get("/admin/autocomplete/", pick).json()["results"]

    assert list(hidden.context["form"].errors) == ["series"]
    assert seen.status_code == 302
    assert [choice["id"] for choice in offered] == [str(public.pk)]


def test_of_anothers_hidden_chapter_an_uploader_sees_only_what_they_sent(
    log_in, uploader_uli, outsider_otto
):
    theirs = make_upload(uploader=outsider_otto, state=UploadState.LIVE)
    Chapter.objects.update(publish_at=timezone.now() + timedelta(days=7), title="A secret")
    mine = make_upload(
        uploader=uploader_uli, series=theirs.chapter.series, number=theirs.chapter.number
    )
    uploader_uli.is_staff = True
    uploader_uli.save(update_fields=["is_staff"])
    browser = log_in(uploader_uli)

    chapters = browser.get("/admin/reader/chapter/").context["cl"].queryset
    page = browser.get(f"/admin/reader/chapter/{theirs.chapter_id}/change/")
    uploads = browser.get(LIST).context["cl"].queryset

    assert mine.chapter_id == theirs.chapter_id
    assert (list(chapters), list(uploads)) == ([], [mine])
    assert page.status_code == 302


def test_a_wrong_language_stands_by_its_field(log_in, moderator_mo):
    answer = submit(log_in(moderator_mo), make_title(), make_chapter_zip(), language="Kyrgyz!")

    assert list(answer.context["form"].errors) == ["language"]
    assert not Upload.objects.exists()


def test_a_new_version_starts_from_the_chapters_words(log_in, moderator_mo, uploader_uli):
    live = make_upload(uploader=uploader_uli, state=UploadState.LIVE, group="Tulpar")
    browser = log_in(moderator_mo)
    page = browser.get(f"/admin/reader/chapter/{live.chapter_id}/change/")

    initial = browser.get(page.context["upload_url"]).context["form"].initial

    assert (initial["series"], initial["group"]) == (live.chapter.series_id, "Tulpar")
    assert initial["number"] == f"{live.chapter.number:.0f}"


NOON = {"Asia/Bishkek": "2100-01-15T06:00:00+00:00", "": "2100-01-14T23:00:00+00:00"}


@pytest.mark.parametrize("own", NOON)
def test_times_are_shown_and_taken_in_the_zone_of_who_looks(
    own, log_in, moderator_mo, uploader_uli, settings
):
    settings.SITE_TIME_ZONE = "Pacific/Auckland"
    User.objects.filter(pk=moderator_mo.pk).update(time_zone=own)
    chapter = make_upload_row(uploader=uploader_uli, series=make_title()).chapter
    address = f"/admin/reader/chapter/{chapter.pk}/change/"
    browser = log_in(moderator_mo)

    browser.post(address, {"publish_at_0": "2100-01-15", "publish_at_1": "12:00"})

    chapter.refresh_from_db()
    assert chapter.publish_at.isoformat() == NOON[own]
    assert 'value="12:00:00"' in browser.get(address).content.decode()


def test_a_later_time_of_publication_hides_a_live_chapter(
    log_in, moderator_mo, uploader_uli, client
):
    live = make_upload(uploader=uploader_uli, state=UploadState.LIVE)
    address = f"/admin/reader/chapter/{live.chapter_id}/change/"

    log_in(moderator_mo).post(
        address, {"title": "Later", "publish_at_0": "2100-01-01", "publish_at_1": "12:00"}
    )

    assert not Chapter.objects.all().public().exists()
    series = live.chapter.series
    series.refresh_from_db()
    assert series.chapter_count == 0
