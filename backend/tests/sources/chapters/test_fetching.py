"""From a wish to an upload that waits for review, and all that can go wrong in between."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from catalog.choices import Moderation
from common.files.storages import list_names, quarantine_storage
from common.work.leases import end_all_leases
from reader.intake.quotas import quota_left
from reader.models import Upload
from reader.publication.publishing import publish_upload
from reader.publication.trust import assign_review
from sources.chapters.fetching import fetch_chapter, joint_name
from sources.contract import SourceFailed
from sources.models import SourceChapter
from sources.switches import trust_source
from tests.cast import make_title, make_upload
from tests.sources.chapters.conftest import ask, fetch_all, states

SUBMITTED = ("submitted", "")


def test_a_chapter_becomes_an_upload_that_waits_for_review(shelf, naruto, moderator_mo, settings):
    settings.QUOTAS = {"uploads_per_day": 5, "bytes_per_day": 10**9, "waiting": 5}
    shelf.put("1.5", title="First\u202e  snow", volume=2, groups=("Snow Leopards", "Ak Ilbirs"))

    follow = ask(naruto, moderator_mo)
    fetch_all()

    upload = Upload.objects.get()
    chapter = upload.chapter
    assert (upload.state, upload.page_count, upload.uploader) == ("awaiting_review", 3, None)
    assert (chapter.number, chapter.language, str(chapter.group)) == (
        Decimal("1.5"), "en", "Snow Leopards & Ak Ilbirs",
    )  # fmt: skip
    assert (upload.title, upload.volume_number) == ("First snow", 2)
    assert (upload.source, upload.source_chapter, upload.asked_by) == ("shelf", "c1", moderator_mo)
    assert upload.source_facts == {
        "label": "The Shelf", "site_url": "https://shelf.test/c1", "credits": "From The Shelf.",
        "groups": ["Snow Leopards", "Ak Ilbirs"],
    }  # fmt: skip
    row = SourceChapter.objects.get()
    assert (row.state, row.upload, row.fetch_at) == ("submitted", upload, None)
    assert follow.title == "Naruto there"
    assert quota_left(moderator_mo).uploads_left == 5
    assert not list_names(quarantine_storage(), "sources/")
    actions = AuditEntry.objects.values_list("action", "actor__username")
    assert set(actions) == {("follow_source", "mo"), ("take_from_source", None)}


@pytest.mark.parametrize("dies", ["with a page", "before its row", "after its commit"])
def test_a_worker_that_dies_costs_one_page_at_most_and_leaves_one_upload(
    shelf, naruto, moderator_mo, monkeypatch, dies
):
    class Killed(BaseException):
        pass

    shelf.put(1)
    ask(naruto, moderator_mo)
    places = {
        "with a page": "sources.chapters.fetching.store_page",
        "before its row": "sources.chapters.fetching.log_decision",
        "after its commit": "sources.chapters.fetching.delete_pages_of",
    }
    with monkeypatch.context() as doomed:
        real = []

        def kill(*_args, **_words):
            real.append(1)
            raise Killed

        doomed.setattr(places[dies], kill)
        with pytest.raises(Killed):
            fetch_chapter.run(SourceChapter.objects.get().pk)
    end_all_leases()

    fetch_all()

    assert Upload.objects.get().state == "awaiting_review"
    fetched = [count for what, count in shelf.asked.items() if what.startswith("c1/")]
    assert len(fetched) == 3
    assert sum(fetched) == (4 if dies == "with a page" else 3)
    assert shelf.asked["images c1"] == 1


def test_a_page_that_kills_each_worker_is_not_asked_for_a_third_time(shelf, naruto, moderator_mo):
    class Killed(BaseException):
        pass

    def kill(what):
        if what == "c1/1":
            raise Killed

    shelf.put(1)
    follow = ask(naruto, moderator_mo)
    row, shelf.meddle = SourceChapter.objects.get(), kill

    for _worker in range(2):
        with pytest.raises(Killed):
            fetch_chapter.run(row.pk)
        end_all_leases()
    fetch_all()

    assert shelf.asked["c1/1"] == 2
    assert states(follow) == {"c1": ("failed", "gave_up")}
    assert not Upload.objects.exists()
    assert not list_names(quarantine_storage(), "sources/")


def test_a_page_that_is_no_picture_is_asked_for_once_more(shelf, naruto, moderator_mo):
    def answer(what):
        if what == "c1/1" and shelf.asked[what] == 1:
            return b"<html>Sorry</html>"
        return None

    shelf.put(1)
    ask(naruto, moderator_mo)
    shelf.meddle = answer

    fetch_all()

    assert shelf.asked["c1/1"] == 2
    assert Upload.objects.get().state == "awaiting_review"


def test_a_source_that_sends_no_pictures_is_tried_again_later_and_then_given_up(
    shelf, naruto, moderator_mo
):
    shelf.put(1)
    follow = ask(naruto, moderator_mo)
    shelf.meddle = lambda what: b"no picture" if what == "c1/2" else None

    for failures in range(1, 6):
        fetch_chapter.run(SourceChapter.objects.get().pk)
        row = SourceChapter.objects.get()
        if failures < 5:
            assert (row.state, row.failures, row.reason) == ("waiting", failures, "bad_image")
            assert row.fetch_at and row.fetch_at > timezone.now()
            SourceChapter.objects.update(fetch_at=timezone.now())

    assert states(follow) == {"c1": ("failed", "bad_image")}
    assert shelf.asked["c1/0"] == 1


def test_a_source_that_is_down_costs_one_try_and_not_one_of_each_chapter(
    shelf, naruto, moderator_mo
):
    def fail(what):
        raise SourceFailed("It is down.")

    for number in range(1, 4):
        shelf.put(number)
    follow = ask(naruto, moderator_mo)
    shelf.meddle = fail

    fetch_all()

    assert sorted(states(follow).values()) == [
        ("waiting", ""), ("waiting", ""), ("waiting", "source_down"),
    ]  # fmt: skip
    assert sum(count for what, count in shelf.asked.items() if what.startswith("images")) == 1


def test_what_came_here_meanwhile_is_left_out_when_the_pages_are_there(
    shelf, naruto, moderator_mo, uploader_uli
):
    def overtake(what):
        if what == "c1/2":
            make_upload(uploader=uploader_uli, series=naruto, number=Decimal(1))

    shelf.put(1)
    follow = ask(naruto, moderator_mo)
    shelf.meddle = overtake

    fetch_all()

    assert states(follow) == {"c1": ("skipped", "under_review")}
    assert Upload.objects.get().uploader == uploader_uli
    assert not list_names(quarantine_storage(), "sources/")


def test_a_chapter_that_fails_the_check_is_a_failed_upload_and_no_strike(
    shelf, naruto, moderator_mo, settings
):
    settings.UPLOAD_LIMITS = {**settings.UPLOAD_LIMITS, "max_archive_bytes": 2_000}
    shelf.put(1)
    follow = ask(naruto, moderator_mo)

    fetch_all()

    assert (Upload.objects.get().state, Upload.objects.get().error_code) == ("failed", "too_large")
    assert states(follow) == {"c1": SUBMITTED}
    assert not moderator_mo.strikes.exists()


def test_a_series_that_is_public_no_more_takes_nothing(shelf, naruto, moderator_mo):
    shelf.put(1)
    follow = ask(naruto, moderator_mo)
    type(naruto).objects.filter(pk=naruto.pk).update(moderation=Moderation.UNLISTED)

    fetch_all()

    assert states(follow) == {"c1": ("skipped", "series_closed")}
    assert not shelf.asked["images c1"]


@pytest.mark.parametrize("trusted", [True, False])
def test_only_the_trust_in_the_source_counts(shelf, moderator_mo, admin_aida, settings, trusted):
    settings.TRUSTED_REVIEW_PERCENT = 0
    trust_source("shelf", is_trusted=True, admin=admin_aida)
    shelf.put(1)
    ask(make_title(), moderator_mo)
    fetch_all()
    upload = Upload.objects.get()
    if not trusted:
        trust_source("shelf", is_trusted=False, admin=admin_aida)

    assign_review.run(upload.pk)
    publish_upload.run(upload.pk)

    upload.refresh_from_db()
    assert moderator_mo.has_perm("reader.moderate_upload")
    assert upload.state == ("live" if trusted else "awaiting_review")


def test_the_sample_of_a_trusted_source_waits_for_review(
    shelf, naruto, moderator_mo, admin_aida, settings
):
    settings.TRUSTED_REVIEW_PERCENT = 100
    trust_source("shelf", is_trusted=True, admin=admin_aida)
    shelf.put(1)
    ask(naruto, moderator_mo)
    fetch_all()

    assign_review.run(Upload.objects.get().pk)

    assert Upload.objects.get().state == "awaiting_review"


@pytest.mark.parametrize(
    ("names", "joint"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "B", "C"], "A & B & C"),
        (["A" * 60, "B" * 60], "A" * 60),
        (["A" * 120], "A" * 100),
        (["A" * 97, "B"], "A" * 97),
    ],
)
def test_several_groups_are_named_together_as_far_as_they_fit(names, joint):
    assert joint_name(names) == joint
