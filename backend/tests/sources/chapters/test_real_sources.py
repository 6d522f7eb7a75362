"""The sources that ship, from a wish to the upload: an archive of one's own, and bad nodes."""

from dataclasses import replace
from decimal import Decimal

import pytest

from reader.models import Upload
from sources.answers.clients import call_source
from sources.chapters.follows import Wish, check_follow, follow_series
from sources.models import SourceChapter
from sources.switches import switch_chapters
from tests.cast import make_title
from tests.reader.archive_builders import make_chapter_zip
from tests.sources.chapters.conftest import fetch_all
from tests.sources.doubles.catalogue import ALA_TOO, BY_KEY, Chapter
from tests.sources.doubles.mangadex import MangaDex, Node

pytestmark = pytest.mark.django_db


def take(source, title_id, user):
    follow = follow_series(make_title(), user=user, wish=Wish(source, title_id, ()))
    check_follow.run(follow.pk)
    fetch_all()
    return {row.external_id: row for row in SourceChapter.objects.select_related("upload")}


def test_an_archive_of_ones_own_needs_no_terms_and_no_network(settings, tmp_path, moderator_mo):
    folder = tmp_path / "archive" / "Ак кеме"
    folder.mkdir(parents=True)
    for number in (1, 2):
        (folder / f"Бөлүм {number} [ky].cbz").write_bytes(make_chapter_zip(2, seed=number))
    settings.SOURCE_ADDRESSES = {"SOURCE_FOLDER": str(tmp_path / "archive")}

    [found] = call_source("folder").search("ак кеме")

    rows = take("folder", found.id, moderator_mo)

    assert sorted(row.number for row in rows.values()) == [Decimal(1), Decimal(2)]
    assert {row.state for row in rows.values()} == {"submitted"}
    uploads = Upload.objects.all()
    assert {(one.state, one.page_count, one.chapter.language) for one in uploads} == {
        ("awaiting_review", 2, "ky")
    }


@pytest.mark.parametrize("mood", ["down", "html", "wrong", "cut"])
def test_a_bad_node_is_reported_and_another_one_gives_the_pages(
    settings, moderator_mo, admin_aida, mood
):
    with MangaDex() as site:
        settings.OUTBOUND_ALLOW_PRIVATE = True
        settings.SOURCE_ADDRESSES = site.addresses()
        chapter = Chapter("1", "en", ALA_TOO, pages=2)
        site.works = (replace(BY_KEY["wolf"], chapters=(chapter,)),)
        site.nodes = [Node(mood), Node()]
        switch_chapters("mangadex", is_on=True, admin=admin_aida)

        [row] = take("mangadex", site.works[0].mangadex_id, moderator_mo).values()

    assert any(not report["success"] for report in site.reports)
    assert (row.state, row.failures) == ("submitted", 0)
    assert (row.upload.state, row.upload.page_count) == ("awaiting_review", 2)
