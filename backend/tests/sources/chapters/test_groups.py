"""A group asks not to be shown: what is here goes, what comes is left out; both can be undone."""

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from common.http.errors import AlreadyDecided, Forbidden, Invalid
from reader.models import Chapter, Upload
from reader.publication.moderation import approve_upload, take_down_upload
from reader.publication.publishing import publish_upload
from sources.chapters.fetching import fetch_chapter
from sources.chapters.follows import check_follow, retry_chapter
from sources.chapters.groups import block_group, unblock_group
from sources.models import GroupBlock, SourceChapter, SourceFollow
from tests.cast import make_upload
from tests.sources.chapters.conftest import ask, fetch_all, states

LEFT_OUT = ("skipped", "group_blocked")


def make_live(upload, moderator):
    approve_upload(upload, moderator=moderator)
    publish_upload.run(upload.pk)


@pytest.fixture
def mixed(shelf, naruto, moderator_mo):
    """Chapters 1 to 3 of a group, live, in review and waiting; 4 of others, live."""
    for number in (1, 2, 4):
        shelf.put(number, **({} if number < 4 else {"groups": ("Others",), "group_ids": ("g2",)}))
    follow = ask(naruto, moderator_mo, is_following=True)
    fetch_all()
    for upload in Upload.objects.exclude(chapter__number=2):
        make_live(upload, moderator_mo)
    shelf.put(3, groups=("Others", "Snow Leopards"), group_ids=("g2", "g1"))
    SourceFollow.objects.update(check_at=timezone.now())
    check_follow.run(follow.pk)
    return follow


@pytest.mark.parametrize(
    "named",
    [{"external_id": "g1", "name": ""}, {"external_id": "", "name": "ＳＮＯＷ  leopards"}],
)
def test_a_blocked_group_is_taken_down_and_kept_out_until_that_is_undone(
    shelf, mixed, moderator_mo, uploader_uli, named
):
    theirs = make_upload(
        uploader=uploader_uli, series=mixed.series, number=9, state="live", group="Snow Leopards"
    )

    block = block_group("shelf", **named, reason="They asked", moderator=moderator_mo)

    assert block.taken_down == 2
    assert set(Chapter.objects.public().values_list("number", flat=True)) == {4, 9}
    assert states(mixed)["c4"] == LEFT_OUT
    theirs.refresh_from_db()
    assert theirs.state == "live"  # people's own uploads are another matter
    shelf.put(5)
    SourceFollow.objects.update(check_at=timezone.now())
    check_follow.run(mixed.pk)
    fetch_all()
    assert states(mixed)["c5"] == LEFT_OUT

    assert unblock_group(block, moderator=moderator_mo) == 2
    for upload in Upload.objects.filter(state="publishing"):
        publish_upload.run(upload.pk)

    assert set(Chapter.objects.public().values_list("number", flat=True)) == {1, 4, 9}
    assert Upload.objects.get(chapter__number=2).state == "awaiting_review"
    assert not GroupBlock.objects.exists()
    assert {"block_group", "unblock_group", "take_down", "restore"} <= set(
        AuditEntry.objects.values_list("action", flat=True)
    )


def test_what_was_taken_down_for_another_reason_stays_down(mixed, moderator_mo):
    first = Upload.objects.get(chapter__number=1)
    take_down_upload(first, moderator=moderator_mo, reason="Blurred")
    block = block_group(
        "shelf", external_id="g1", name="", reason="They asked", moderator=moderator_mo
    )

    assert unblock_group(block, moderator=moderator_mo) == 1

    first.refresh_from_db()
    assert first.state == "taken_down"


def test_a_chapter_that_is_being_fetched_when_its_group_is_blocked_never_becomes_an_upload(
    shelf, naruto, moderator_mo
):
    def block(what):
        if what == "c1/2" and not GroupBlock.objects.exists():
            block_group("shelf", external_id="g1", name="", reason="Asked", moderator=moderator_mo)

    shelf.put(1)
    follow = ask(naruto, moderator_mo)
    shelf.meddle = block

    fetch_chapter.work(SourceChapter.objects.get().pk)
    fetch_all()

    assert states(follow) == {"c1": LEFT_OUT}
    assert not Upload.objects.exists()


def test_a_chapter_that_was_sent_anew_is_not_restored_beside_it(mixed, shelf, moderator_mo):
    block = block_group(
        "shelf", external_id="g1", name="", reason="They asked", moderator=moderator_mo
    )
    GroupBlock.objects.all().delete()
    waits = SourceChapter.objects.select_related("follow").get(external_id="c2")
    retry_chapter(waits, user=moderator_mo)
    fetch_all()
    GroupBlock.objects.bulk_create([block])

    assert unblock_group(block, moderator=moderator_mo) == 1

    states_of_second = Upload.objects.filter(chapter__number=2).values_list("state", flat=True)
    assert sorted(states_of_second) == ["awaiting_review", "taken_down"]


def test_who_may_block_and_what_it_needs(shelf, moderator_mo, uploader_uli):
    words = {"external_id": "g1", "name": "", "reason": "They asked"}
    with pytest.raises(Forbidden):
        block_group("shelf", **words, moderator=uploader_uli)
    with pytest.raises(Invalid):
        block_group("shelf", **{**words, "external_id": " "}, moderator=moderator_mo)
    with pytest.raises(Invalid):
        block_group("shelf", **{**words, "reason": " "}, moderator=moderator_mo)

    block = block_group("shelf", **words, moderator=moderator_mo)
    with pytest.raises(AlreadyDecided):
        block_group("shelf", **words, moderator=moderator_mo)
    unblock_group(block, moderator=moderator_mo)
    with pytest.raises(AlreadyDecided):
        unblock_group(block, moderator=moderator_mo)
