"""Uploads of trusted people: live by the house itself, but for a sample and what looks odd."""

import uuid
from collections import Counter

import pytest
from django.core.files.base import ContentFile

from accounts.models import AuditEntry, User
from accounts.roles.bans import add_strike, ban_user
from accounts.roles.groups import TRUSTED, UPLOADER, roles_of
from accounts.roles.uploader_requests import unset_trusted
from catalog.choices import Moderation
from reader.intake.extraction import extract_upload
from reader.intake.uploads import withdraw_upload
from reader.models import Chapter, Page, Upload
from reader.publication import duplicates, trust
from reader.publication.moderation import reject_upload, take_down_upload
from reader.publication.publishing import publish_upload
from reader.publication.trust import assign_review, is_sampled, looks_plain
from reader.states import UploadState
from tests.at_once import run_at_once
from tests.cast import client_of, make_title, make_upload, make_upload_row, make_user, post_zip
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import HOSTILE_ARCHIVES, make_chapter_zip, page_bytes
from tests.reader.intake.test_banned_pictures import zip_of

pytestmark = pytest.mark.django_db
MALICIOUS = next(h.build for h in HOSTILE_ARCHIVES if h.title == "link")


@pytest.fixture
def trusted_toktogul(db) -> User:
    return make_user("toktogul", TRUSTED)


@pytest.fixture(autouse=True)
def _no_sample(settings):
    settings.TRUSTED_REVIEW_PERCENT = 0


def sent(uploader: User, archive: bytes | None = None, **place) -> Upload:
    upload = make_upload(uploader=uploader, archive=archive, state=UploadState.RECEIVED, **place)
    extract_upload.run(upload.pk)
    assign_review.run(upload.pk)
    upload.refresh_from_db()
    return upload


@pytest.mark.parametrize("compared", [0, 1])
def test_where_not_all_that_looks_alike_is_compared_trust_is_refused(
    compared, trusted_toktogul, uploader_uli, monkeypatch
):
    monkeypatch.setattr(duplicates, "_MAX_ROWS", compared)
    upload = sent(trusted_toktogul)
    page = upload.pages.get(number=1)
    Upload.objects.filter(pk=upload.pk).update(state=UploadState.EXTRACTING)
    theirs = make_upload_row(uploader=uploader_uli, series=make_title(), pages=1)
    page.perceptual_hash = 0x0F0F_F0F0_0FF0_5A5A
    # The last band is the same, and nothing else.
    other = 0x0F0F_0F0F_F00F_A5A5
    Page.objects.filter(upload=theirs).update(perceptual_hash=other, sha256="0" * 64)

    assert looks_plain(upload, [page]) is (compared == 1)


def test_a_trusted_persons_upload_goes_live_by_itself(trusted_toktogul):
    upload = sent(trusted_toktogul)
    finish_due_work()

    row = client_of(trusted_toktogul).get(f"/api/uploads/{upload.pk}").json()
    assert row["state"] == "live"
    assert Chapter.objects.public().filter(live_upload=upload).exists()
    entry = AuditEntry.objects.get(subject_type="upload", subject_id=upload.pk)
    assert (entry.action, entry.actor, entry.reason) == ("approve", None, "trusted")
    assert (entry.from_state, entry.to_state) == ("awaiting_review", "publishing")
    assert find_leftovers() == []


def test_everybody_elses_waits(uploader_uli, moderator_mo):
    assert sent(uploader_uli).state == UploadState.AWAITING_REVIEW
    assert sent(moderator_mo).state == UploadState.AWAITING_REVIEW


# --- The sample ---------------------------------------------------------------------------------


def test_a_sampled_one_waits(trusted_toktogul, settings):
    settings.TRUSTED_REVIEW_PERCENT = 100

    assert sent(trusted_toktogul).state == UploadState.AWAITING_REVIEW


def test_the_sample_is_as_large_as_it_should_be(settings):
    settings.TRUSTED_REVIEW_PERCENT = 10
    uploads = [Upload(folder=uuid.UUID(int=seed * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
               for seed in range(1, 2001)]  # fmt: skip

    drawn = sum(is_sampled(upload) for upload in uploads)

    assert 150 < drawn < 250
    assert [is_sampled(upload) for upload in uploads[:50]] == [
        is_sampled(Upload(folder=upload.folder)) for upload in uploads[:50]
    ]


def test_taking_a_sampled_one_back_does_not_draw_again(trusted_toktogul, settings):
    settings.TRUSTED_REVIEW_PERCENT = 100
    series, archive = make_title(), make_chapter_zip(3, seed=5)
    first = sent(trusted_toktogul, archive, series=series, number=None)
    withdraw_upload(first, user=trusted_toktogul)
    settings.TRUSTED_REVIEW_PERCENT = 0

    here = sent(trusted_toktogul, make_chapter_zip(3, seed=6), series=series, number=None)
    elsewhere = sent(trusted_toktogul, archive)

    assert {here.state, elsewhere.state} == {UploadState.AWAITING_REVIEW}


# --- What looks odd -----------------------------------------------------------------------------


def test_pages_of_somebody_else_wait(trusted_toktogul, uploader_uli):
    archive = make_chapter_zip(3, seed=7)
    make_upload(uploader=uploader_uli, archive=archive)

    assert sent(trusted_toktogul, archive).state == UploadState.AWAITING_REVIEW


def test_ones_own_credits_page_does_not_hold_back_but_a_whole_copy_does(trusted_toktogul):
    credits_page = page_bytes(seed=1)
    first, second = (zip_of(credits_page, *(page_bytes(seed=seed) for seed in seeds))
                     for seeds in ((2, 3), (4, 5)))  # fmt: skip
    sent(trusted_toktogul, first)

    assert sent(trusted_toktogul, second).state == UploadState.PUBLISHING
    assert sent(trusted_toktogul, first).state == UploadState.AWAITING_REVIEW


def test_replacing_somebody_elses_chapter_waits(trusted_toktogul, uploader_uli):
    live = make_upload(uploader=uploader_uli, state="live")
    place = {"series": live.chapter.series, "number": live.chapter.number}

    assert sent(trusted_toktogul, **place).state == UploadState.AWAITING_REVIEW


def test_replacing_ones_own_goes_live(trusted_toktogul):
    first = sent(trusted_toktogul)
    publish_upload.run(first.pk)

    second = sent(trusted_toktogul, series=first.chapter.series, number=first.chapter.number)
    finish_due_work()

    states = Counter(Upload.objects.values_list("pk", "state"))
    assert set(states) == {(first.pk, "superseded"), (second.pk, "live")}


def test_a_title_that_is_not_public_waits(trusted_toktogul):
    pending = make_title(moderation=Moderation.PENDING, created_by=trusted_toktogul)

    assert sent(trusted_toktogul, series=pending).state == UploadState.AWAITING_REVIEW


def test_a_banned_picture_waits_where_one_only_warns(
    trusted_toktogul, uploader_uli, moderator_mo, settings
):
    settings.BANNED_PICTURES = "warn"
    archive = make_chapter_zip(2, seed=8)
    bad = make_upload(uploader=uploader_uli, archive=archive)
    reject_upload(bad, moderator=moderator_mo, reason="Gore.", ban=None)
    finish_due_work()

    upload = sent(trusted_toktogul, archive)

    assert (upload.state, upload.banned_pages) == (UploadState.AWAITING_REVIEW, 2)


# --- Trust that ends ----------------------------------------------------------------------------


def test_trust_is_asked_at_that_moment(trusted_toktogul, moderator_mo, monkeypatch):
    def untrusted_meanwhile(upload, pages, real=trust.looks_plain):
        found = real(upload, pages)
        unset_trusted(trusted_toktogul, moderator=moderator_mo)
        return found

    monkeypatch.setattr(trust, "looks_plain", untrusted_meanwhile)

    assert sent(trusted_toktogul).state == UploadState.AWAITING_REVIEW


def test_who_is_banned_meanwhile_is_not_trusted(trusted_toktogul, moderator_mo):
    upload = make_upload(uploader=trusted_toktogul, state="received")
    ban_user(trusted_toktogul, moderator=moderator_mo, reason="Spam.")

    extract_upload.run(upload.pk)
    assign_review.run(upload.pk)

    upload.refresh_from_db()
    assert upload.state == UploadState.AWAITING_REVIEW


def test_a_malicious_zip_ends_trust(trusted_toktogul):
    assert post_zip(trusted_toktogul, make_title(), MALICIOUS()).status_code == 422

    person = User.objects.get(pk=trusted_toktogul.pk)
    assert roles_of(person) == ["reader", UPLOADER]
    assert sent(person).state == UploadState.AWAITING_REVIEW
    entry = AuditEntry.objects.get(action="untrust")
    assert (entry.actor, entry.to_state, entry.reason) == (None, UPLOADER, "symlink")


def test_a_strike_ends_trust_also_where_strikes_never_ban(trusted_toktogul, settings):
    settings.STRIKES_TO_BAN = 0

    add_strike(trusted_toktogul, code="manual", subject="warning:1", reason="Insults.")

    assert TRUSTED not in roles_of(User.objects.get(pk=trusted_toktogul.pk))


def test_what_went_live_by_trust_can_be_taken_down(trusted_toktogul, moderator_mo):
    upload = sent(trusted_toktogul)
    finish_due_work()

    take_down_upload(upload, moderator=moderator_mo, reason="No.")
    finish_due_work()

    assert not Chapter.objects.public().exists()
    assert find_leftovers() == []


# --- Twice, and killed --------------------------------------------------------------------------


class Killed(BaseException):
    """What SIGKILL does: nobody catches it."""


def test_a_worker_killed_before_its_commit_leaves_it_to_the_next(trusted_toktogul, monkeypatch):
    upload = make_upload(uploader=trusted_toktogul, state="received")
    extract_upload.run(upload.pk)

    def killed(upload):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(trust, "publish_if_trusted", killed)
        with pytest.raises(Killed):
            assign_review.run(upload.pk)
    finish_due_work()

    upload.refresh_from_db()
    assert upload.state == UploadState.LIVE
    assert upload.pages.count() == 3
    assert AuditEntry.objects.filter(action="approve").count() == 1
    assert find_leftovers() == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_let_it_live_once(trusted_toktogul):
    upload = make_upload(uploader=trusted_toktogul, state="received")
    extract_upload.run(upload.pk)

    errors = run_at_once(*[lambda: assign_review.run(upload.pk)] * 3)

    assert errors == [None] * 3
    assert AuditEntry.objects.filter(action="approve").count() == 1
    finish_due_work()
    assert find_leftovers() == []


def test_a_moderator_who_is_faster_decides(trusted_toktogul, moderator_mo):
    upload = make_upload(uploader=trusted_toktogul, state="received")
    extract_upload.run(upload.pk)
    reject_upload(Upload.objects.get(pk=upload.pk), moderator=moderator_mo, reason="No.")

    assign_review.run(upload.pk)

    upload.refresh_from_db()
    assert (upload.state, upload.handed_over_at) == (UploadState.REJECTED, None)


def test_the_file_of_a_zip_is_no_part_of_the_draw(trusted_toktogul):
    """The same bytes under the same name get another number each time."""
    archive = ContentFile(make_chapter_zip(2), name="chapter.zip").read()

    folders = {sent(trusted_toktogul, archive).folder for _ in range(3)}

    assert len(folders) == 3
