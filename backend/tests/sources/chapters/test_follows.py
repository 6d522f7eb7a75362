"""Asking for chapters: who may, what is wanted, what is left out, and when it is asked again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.jobs import undo_job_of
from accounts.roles.groups import TRUSTED
from catalog.merging import merge_titles
from common.http.errors import AlreadyDecided, Forbidden
from common.models import Pause
from reader.models import Upload
from reader.publication.moderation import reject_upload
from sources.chapters.follows import (
    Wish,
    change_follow,
    check_follow,
    follow_series,
    retry_chapter,
    stop_follow,
)
from sources.contract import SourceFailed
from sources.models import SourceChapter, SourceFollow, SourceSettings
from sources.switches import ChaptersOff, switch_chapters, switch_source
from tests.cast import make_title, make_upload, make_user
from tests.sources.chapters.conftest import ask, fetch_all, states

WAITING = ("waiting", "")


def test_what_is_here_external_or_another_version_is_left_out_with_its_reason(
    shelf, naruto, moderator_mo, uploader_uli
):
    make_upload(uploader=uploader_uli, series=naruto, number=Decimal(1), state="live", group="X")
    make_upload(uploader=uploader_uli, series=naruto, number=Decimal(2))
    shelf.put(1)
    shelf.put("2.0")
    shelf.put(3)
    shelf.put(3, groups=("Others",), group_ids=("g2",))
    shelf.put(3, language="ky")
    shelf.put(4, external_url="https://plus.test/4")
    shelf.put(None, title="A day off")
    shelf.put(None, title="A day on")

    follow = ask(naruto, moderator_mo)

    assert states(follow) == {
        "c1": ("skipped", "already_here"), "c2": ("skipped", "under_review"), "c3": WAITING,
        "c4": ("skipped", "other_version"), "c5": WAITING, "c6": ("skipped", "external"),
        "c7": WAITING, "c8": WAITING,
    }  # fmt: skip


def test_numbers_that_begin_anew_in_each_volume_are_not_the_same_chapter(shelf, moderator_mo):
    series = make_title("Anew", numbers_restart_per_volume=True)
    shelf.put(1, volume=1)
    shelf.put(1, volume=2)

    assert states(ask(series, moderator_mo)) == {"c1": WAITING, "c2": WAITING}


def test_what_a_source_says_is_cut_to_fit_or_left_out(shelf, naruto, moderator_mo):
    shelf.put("99999999")
    shelf.put("1.00001")
    shelf.put("NaN")
    shelf.put(-1)
    shelf.put(2, language="<script>")
    shelf.put(3, id="x" * 201)
    shelf.put(
        4, title="Т" * 300, volume=10**9, site_url="javascript:alert(1)", groups=("Г" * 400, " "),
        group_ids=(),
    )  # fmt: skip

    follow = ask(naruto, moderator_mo)

    assert states(follow) == {"c7": WAITING}
    row = SourceChapter.objects.get()
    assert (len(row.title), row.volume, row.site_url) == (200, None, "")
    assert [len(group.name) for group in row.groups.all()] == [200]


def test_a_range_and_languages_say_what_is_wanted(shelf, naruto, moderator_mo):
    for number in (1, 2, "2.5", 3):
        shelf.put(number)
    shelf.put(2, language="ru")
    shelf.put(None)

    follow = ask(naruto, moderator_mo, languages=["en"], from_number=2, to_number="2.5")
    assert set(states(follow)) == {"c2", "c3"}

    wish = Wish("shelf", "t1", ["ru"], is_following=True)
    changed = change_follow(follow, user=moderator_mo, wish=wish)
    check_follow.run(changed.pk)

    assert set(states(follow)) == {"c5"}


def test_a_followed_series_is_asked_again_after_some_hours_and_takes_what_is_new(
    shelf, naruto, moderator_mo
):
    shelf.put(1)
    once = ask(naruto, moderator_mo)
    assert once.check_at is None

    follow = ask(naruto, moderator_mo, is_following=True)
    assert (follow.pk, SourceFollow.objects.count()) == (once.pk, 1)
    assert follow.check_at is not None
    hours = (follow.check_at - timezone.now()) / timedelta(hours=1)
    assert 2.9 < hours < 5.1

    shelf.put(2)
    SourceFollow.objects.update(check_at=timezone.now())
    check_follow.run(follow.pk)

    assert set(states(follow)) == {"c1", "c2"}
    assert shelf.asked["details"] == 1


def test_a_source_that_does_not_answer_is_asked_later_and_gone_titles_are_given_up(
    shelf, naruto, moderator_mo
):
    until = timezone.now() + timedelta(hours=3)

    def fail(what):
        raise SourceFailed("Wait.", code="source_limited", until=until)

    shelf.meddle = fail
    follow = ask(naruto, moderator_mo)
    assert (follow.error_code, follow.check_at) == ("source_limited", until)
    shelf.meddle = None

    gone = ask(naruto, moderator_mo, id="t2", is_following=True)
    assert gone.check_at is not None  # the source is paused
    Pause.objects.all().delete()
    check_follow.run(gone.pk)
    assert SourceFollow.objects.filter(pk=gone.pk, error_code="not_found", check_at=None).exists()


def test_chapters_are_off_where_the_terms_forbid_them_until_an_admin_has_read_these(
    shelf, naruto, moderator_mo, admin_aida, monkeypatch
):
    monkeypatch.setattr(shelf, "chapter_terms", "You may not.")
    with pytest.raises(ChaptersOff):
        ask(naruto, moderator_mo)
    with pytest.raises(Forbidden):
        switch_chapters("shelf", is_on=True, admin=moderator_mo)

    switch_chapters("shelf", is_on=True, admin=admin_aida)
    shelf.put(1)
    follow = ask(naruto, moderator_mo)
    switch_source("shelf", is_on=False, admin=admin_aida)
    fetch_all()
    assert states(follow) == {"c1": WAITING}
    switch_source("shelf", is_on=True, admin=admin_aida)
    fetch_all()

    assert states(follow) == {"c1": ("submitted", "")}
    assert SourceSettings.objects.get().decided_by == admin_aida


def test_trusted_uploaders_may_where_the_operator_says_so(
    shelf, naruto, uploader_uli, moderator_mo, settings
):
    tilek = make_user("tilek", TRUSTED)
    with pytest.raises(Forbidden):
        ask(naruto, tilek)

    settings.SOURCE_CHAPTERS_BY_TRUSTED = True
    theirs = ask(naruto, tilek)
    with pytest.raises(Forbidden):
        ask(naruto, uploader_uli, id="t3")
    with pytest.raises(Forbidden):
        stop_follow(ask(naruto, moderator_mo, id="t2"), user=tilek)

    stop_follow(theirs, user=moderator_mo)


def test_stopping_forgets_what_waits_and_a_new_wish_knows_what_was_taken(
    shelf, naruto, moderator_mo
):
    shelf.put(1)
    shelf.put(2, external_url="https://plus.test/2")
    follow = ask(naruto, moderator_mo)
    fetch_all()
    reject_upload(Upload.objects.get(), moderator=moderator_mo, reason="Blurred")

    stop_follow(follow, user=moderator_mo)
    assert SourceChapter.objects.get().follow is None
    again = ask(naruto, moderator_mo)

    assert states(again) == {"c1": ("submitted", ""), "c2": ("skipped", "external")}
    assert Upload.objects.count() == 1


def test_a_rejected_chapter_comes_again_only_where_somebody_asks_for_it(
    shelf, naruto, moderator_mo
):
    shelf.put(1)
    follow = ask(naruto, moderator_mo, is_following=True)
    fetch_all()
    row = SourceChapter.objects.select_related("follow").get()
    with pytest.raises(AlreadyDecided):
        retry_chapter(row, user=moderator_mo)
    reject_upload(Upload.objects.get(), moderator=moderator_mo, reason="Blurred")
    SourceFollow.objects.update(check_at=timezone.now())
    check_follow.run(follow.pk)
    fetch_all()
    assert Upload.objects.count() == 1

    retry_chapter(row, user=moderator_mo)
    fetch_all()

    assert sorted(Upload.objects.values_list("state", flat=True)) == [
        "awaiting_review", "rejected",
    ]  # fmt: skip


def test_merged_titles_take_their_follows_along_and_back(shelf, naruto, moderator_mo):
    other = make_title("Naruto again")
    shelf.put(1)
    follow = ask(other, moderator_mo)
    doubled = ask(naruto, moderator_mo, id="t2")
    stays = ask(other, moderator_mo, id="t2")

    job = merge_titles(other, into=naruto, moderator=moderator_mo)
    fetch_all()

    follow.refresh_from_db()
    stays.refresh_from_db()
    assert (follow.series, stays.series, doubled.series) == (naruto, other, naruto)
    assert {upload.chapter.series for upload in Upload.objects.all()} == {naruto}

    undo_job_of(job, user=moderator_mo)
    follow.refresh_from_db()
    assert follow.series == other


def test_a_wish_that_is_sent_twice_is_one_follow(shelf, naruto, moderator_mo):
    wish = Wish("shelf", "t1", ())

    follows = [follow_series(naruto, user=moderator_mo, wish=wish) for _time in range(2)]

    assert follows[0].pk == follows[1].pk
