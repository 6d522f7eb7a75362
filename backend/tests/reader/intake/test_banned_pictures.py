"""The list of pictures that must not be shown again: filled, checked at extraction, unsaid."""

import io
import itertools
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from accounts.models import AuditEntry
from catalog.covers import set_cover
from catalog.pictures import BannedImage
from common.http.errors import AlreadyDecided, Forbidden, Invalid
from reader.intake.banned_pictures import (
    MAX_DISTANCE,
    HasBannedPictures,
    ban_pictures,
    find_banned_pictures,
    unban_picture,
)
from reader.intake.extraction import extract_upload
from reader.models import BannedPicture, Page, Upload
from reader.publication.moderation import (
    approve_upload,
    delete_pages,
    reject_upload,
    restore_upload,
    take_down_upload,
)
from reader.states import UploadState
from safety.mass_deletion import delete_all_uploads
from tests.at_once import run_at_once
from tests.cast import client_of, make_title, make_upload
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import draw_page, make_chapter_zip, save

pytestmark = pytest.mark.django_db
SIZE = (600, 850)


def zip_of(*pictures: bytes, ending: str = "jpg") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, picture in enumerate(pictures, start=1):
            archive.writestr(f"{number}.{ending}", picture)
    return out.getvalue()


def sent(uploader, archive: bytes) -> Upload:
    """An upload as it is after its extraction, whatever became of it."""
    upload = make_upload(uploader=uploader, archive=archive, state=UploadState.RECEIVED)
    extract_upload.run(upload.pk)
    upload.refresh_from_db()
    return upload


@pytest.fixture
def bad_page() -> Image.Image:
    return draw_page(SIZE, seed=4711)


@pytest.fixture
def banned(bad_page, uploader_uli, moderator_mo) -> BannedPicture:
    """The first of two pages is banned by the rejection of its upload."""
    upload = make_upload(
        uploader=uploader_uli,
        archive=zip_of(save(bad_page, "jpeg"), save(draw_page(SIZE, seed=1), "jpeg")),
    )
    reject_upload(upload, moderator=moderator_mo, reason="Gore.", ban=[1])
    finish_due_work()
    return BannedPicture.objects.get()


# --- Filled -------------------------------------------------------------------------------------


def test_a_rejection_bans_the_chosen_pages_and_keeps_no_picture(banned, moderator_mo):
    upload = banned.upload

    assert (upload.state, upload.pages.count()) == (UploadState.REJECTED, 0)
    assert (banned.page_number, banned.reason, banned.added_by) == (1, "Gore.", moderator_mo)
    assert (banned.width, banned.height) == SIZE
    assert find_leftovers() == []
    log = AuditEntry.objects.filter(subject_type="upload", subject_id=upload.pk)
    assert [(entry.action, entry.reason) for entry in log.order_by("pk")] == [
        ("reject", "Gore."), ("ban_pictures", "Gore. (1)"),
    ]  # fmt: skip


def test_a_whole_live_chapter_is_banned_with_its_take_down(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state="live")

    take_down_upload(upload, moderator=moderator_mo, reason="Stolen.", ban=None)

    assert BannedPicture.objects.count() == 3
    assert set(BannedPicture.objects.values_list("upload", "reason")) == {(upload.pk, "Stolen.")}


def test_banning_twice_changes_nothing(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    counts = [ban_pictures(upload, moderator=moderator_mo, reason="Gore.") for _ in range(2)]

    assert counts == [3, 0]
    assert AuditEntry.objects.filter(action="ban_pictures").count() == 1


def test_blank_pages_are_left_out(uploader_uli, moderator_mo):
    blank = save(Image.new("RGB", SIZE, "white"), "png")
    page = save(draw_page(SIZE, seed=5), "png")
    upload = make_upload(uploader=uploader_uli, archive=zip_of(blank, page, ending="png"))

    ban_pictures(upload, moderator=moderator_mo, reason="Gore.")

    assert list(BannedPicture.objects.values_list("page_number", flat=True)) == [2]
    assert sent(uploader_uli, zip_of(blank, ending="png")).state == UploadState.AWAITING_REVIEW


def test_only_moderators_ban_and_they_say_why(uploader_uli, moderator_mo, banned):
    upload = make_upload(uploader=uploader_uli)

    with pytest.raises(Forbidden):
        ban_pictures(upload, moderator=uploader_uli, reason="Gore.")
    with pytest.raises(Forbidden):
        unban_picture(banned, moderator=uploader_uli)
    with pytest.raises(Invalid):
        ban_pictures(upload, moderator=moderator_mo, reason=" ")

    assert BannedPicture.objects.count() == 1


def test_a_ban_that_cannot_be_made_undoes_the_rejection(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli)

    with pytest.raises(Invalid):
        reject_upload(upload, moderator=moderator_mo, reason="Gore.", ban=[77])

    upload.refresh_from_db()
    assert upload.state == UploadState.AWAITING_REVIEW


def test_the_cost_of_banning_does_not_grow_with_the_pages(uploader_uli, moderator_mo):
    few = make_upload(uploader=uploader_uli, archive=make_chapter_zip(2, seed=900))
    many = make_upload(uploader=uploader_uli, archive=make_chapter_zip(60, seed=901))
    moderator_mo.has_perm("reader.moderate_upload")  # asked once a request

    counted = []
    for upload in (few, many):
        with CaptureQueriesContext(connection) as queries:
            ban_pictures(upload, moderator=moderator_mo, reason="Gore.")
        counted.append(len(queries))

    assert counted[0] == counted[1]


# --- Checked ------------------------------------------------------------------------------------


def test_the_same_bytes_fail_the_upload_and_no_strike(banned, bad_page, outsider_otto):
    upload = sent(outsider_otto, zip_of(save(draw_page(SIZE, seed=2), "jpeg"),
                                        save(bad_page, "jpeg")))  # fmt: skip

    row = client_of(outsider_otto).get(f"/api/uploads/{upload.pk}").json()
    assert (row["state"], row["error_code"], row["malicious"]) == ("failed", "banned_image", False)
    assert "“2.jpg”" in row["detail"]
    assert not outsider_otto.strikes.exists()
    finish_due_work()
    assert find_leftovers() == []


@pytest.mark.parametrize(
    "saved_anew",
    [
        lambda page: save(page, "jpeg", quality=25),
        lambda page: save(page.convert("L"), "jpeg"),
        lambda page: save(page.resize((300, 425), Image.Resampling.LANCZOS), "jpeg"),
        lambda page: save(page.crop((1, 1, SIZE[0] - 1, SIZE[1] - 1)), "jpeg"),
    ],
    ids=["lower quality", "grey", "half the size", "a pixel cut off"],
)
def test_the_picture_saved_anew_fails_too(saved_anew, banned, bad_page, outsider_otto):
    upload = sent(outsider_otto, zip_of(saved_anew(bad_page)))

    assert (upload.state, upload.error_code) == (UploadState.FAILED, "banned_image")


def test_other_pictures_pass(banned, outsider_otto):
    upload = sent(outsider_otto, make_chapter_zip(20, seed=333, size=SIZE))

    assert (upload.state, upload.banned_pages) == (UploadState.AWAITING_REVIEW, 0)


def test_every_hash_within_the_distance_is_found_and_none_beyond(banned, settings):
    settings.BANNED_PICTURE_DISTANCE = MAX_DISTANCE
    # Bits spread over the bands as badly as they can be.
    spread = [0, 13, 26, 39, 52]
    flips = [
        sum(1 << bit for bit in bits)
        for count in range(1, 6)
        for bits in itertools.combinations(spread, count)
    ]
    pages = [
        Page(number=at, sha256=f"{at:064x}", perceptual_hash=banned.perceptual_hash ^ flip)
        for at, flip in enumerate(flips)
    ]

    found = find_banned_pictures(pages)

    assert {at for at, flip in enumerate(flips) if flip.bit_count() <= 4} == set(found)
    assert all(found[at].distance == flips[at].bit_count() for at in found)


def test_a_smaller_distance_lets_more_pass(banned, settings):
    settings.BANNED_PICTURE_DISTANCE = 1
    near = [Page(number=bits, sha256=f"{bits:064x}",
                 perceptual_hash=banned.perceptual_hash ^ (1 << bits) - 1)
            for bits in (1, 2)]  # fmt: skip

    assert set(find_banned_pictures(near)) == {1}


@pytest.mark.usefixtures("lease_clock")
def test_the_list_is_asked_once_however_many_pages_there_are(banned, outsider_otto):
    counted = []
    for pages in (2, 40):
        upload = make_upload(
            uploader=outsider_otto, archive=make_chapter_zip(pages, seed=800 + pages),
            state=UploadState.RECEIVED,
        )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            extract_upload.run(upload.pk)
        counted.append(len(queries))
        asked = [query for query in queries if "reader_bannedpicture" in query["sql"]]
        assert len(asked) == 1

    assert counted[0] == counted[1]


# --- Warned -------------------------------------------------------------------------------------


@pytest.fixture
def warned(banned, bad_page, outsider_otto, settings) -> Upload:
    settings.BANNED_PICTURES = "warn"
    return sent(outsider_otto, zip_of(save(bad_page, "jpeg", quality=50)))


def test_where_one_only_warns_it_waits_and_is_marked(warned):
    assert (warned.state, warned.banned_pages) == (UploadState.AWAITING_REVIEW, 1)


def test_approving_it_wants_a_second_word(warned, moderator_mo):
    with pytest.raises(HasBannedPictures):
        approve_upload(warned, moderator=moderator_mo)
    warned.refresh_from_db()
    assert warned.state == UploadState.AWAITING_REVIEW

    approve_upload(warned, moderator=moderator_mo, despite_banned_pictures=True)

    entry = AuditEntry.objects.get(action="approve", subject_id=warned.pk)
    assert "banned" in entry.reason
    warned.refresh_from_db()
    assert warned.state == UploadState.PUBLISHING


def test_without_its_banned_page_an_upload_has_no_warning(
    banned, bad_page, outsider_otto, moderator_mo, settings
):
    settings.BANNED_PICTURES = "warn"
    upload = sent(outsider_otto, zip_of(save(bad_page, "jpeg"),
                                        save(draw_page(SIZE, seed=2), "jpeg")))  # fmt: skip
    assert upload.banned_pages == 1

    delete_pages(upload, numbers=[1], moderator=moderator_mo)

    upload.refresh_from_db()
    assert upload.banned_pages == 0
    approve_upload(upload, moderator=moderator_mo)


def test_what_is_put_back_into_the_queue_has_its_warning(uploader_uli, outsider_otto, moderator_mo):
    archive = make_chapter_zip(3, seed=56)
    upload = make_upload(uploader=uploader_uli, archive=archive)
    delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Mistake.")
    copy = make_upload(uploader=outsider_otto, archive=archive)
    reject_upload(copy, moderator=moderator_mo, reason="Gore.", ban=[2])

    restore_upload(upload, moderator=moderator_mo)

    upload.refresh_from_db()
    assert (upload.state, upload.banned_pages) == (UploadState.AWAITING_REVIEW, 1)


def test_a_list_that_grew_meanwhile_holds_back_what_waits(
    uploader_uli, outsider_otto, moderator_mo
):
    archive = make_chapter_zip(3, seed=55)
    bad, copy = (make_upload(uploader=who, archive=archive)
                 for who in (uploader_uli, outsider_otto))  # fmt: skip

    reject_upload(bad, moderator=moderator_mo, reason="Gore.", ban=None)

    copy.refresh_from_db()
    assert copy.banned_pages == 3
    with pytest.raises(HasBannedPictures):
        approve_upload(copy, moderator=moderator_mo)


# --- Unsaid -------------------------------------------------------------------------------------


def test_what_is_unbanned_may_come_again(warned, banned, moderator_mo):
    unban_picture(banned, moderator=moderator_mo)

    warned.refresh_from_db()
    assert warned.banned_pages == 0
    approve_upload(warned, moderator=moderator_mo)
    entry = AuditEntry.objects.get(action="unban_picture")
    assert (entry.actor, entry.reason) == (moderator_mo, "Gore.")


def test_a_take_down_that_banned_is_undone_once_they_are_unbanned(uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, state="live")
    take_down_upload(upload, moderator=moderator_mo, reason="Gore.", ban=[2])

    with pytest.raises(HasBannedPictures):
        restore_upload(upload, moderator=moderator_mo)
    unban_picture(BannedPicture.objects.get(), moderator=moderator_mo)
    restore_upload(upload, moderator=moderator_mo)
    finish_due_work()

    upload.refresh_from_db()
    assert upload.state == UploadState.LIVE


def test_unbanning_is_done_once(banned, moderator_mo):
    unban_picture(banned, moderator=moderator_mo)

    with pytest.raises(AlreadyDecided):
        unban_picture(banned, moderator=moderator_mo)


def test_a_banned_picture_is_no_cover_either(banned, bad_page, moderator_mo):
    series = make_title()
    cover = ContentFile(save(bad_page, "png"), name="cover.png")

    with pytest.raises(BannedImage) as refused:
        set_cover(series, cover, moderator=moderator_mo)

    assert "“cover.png”" in str(refused.value.message)


@pytest.mark.django_db(transaction=True)
def test_two_copies_rejected_and_banned_at_once_are_both(
    uploader_uli, outsider_otto, moderator_mo, moderator_max
):
    archive = make_chapter_zip(4, seed=66)
    first, second = (make_upload(uploader=who, archive=archive)
                     for who in (uploader_uli, outsider_otto))  # fmt: skip

    errors = run_at_once(
        lambda: reject_upload(first, moderator=moderator_mo, reason="Gore.", ban=None),
        lambda: reject_upload(second, moderator=moderator_max, reason="Gore.", ban=None),
    )

    assert errors == [None, None]
    assert BannedPicture.objects.count() == 4
    assert set(Upload.objects.values_list("state", flat=True)) == {UploadState.REJECTED}
