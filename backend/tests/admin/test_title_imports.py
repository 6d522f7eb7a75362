"""Titles are imported and deleted many at once in the admin."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import escape

from catalog.choices import Moderation
from catalog.models import Title
from common.models import Job
from common.work.jobs import run_job
from tests.cast import make_title, make_upload_row

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
PAGE = "/admin/catalog/title/import/"


def sent(text: str, **words: str) -> dict[str, object]:
    return {"file": SimpleUploadedFile("titles.csv", text.encode()), "kind": "movie", **words}


def test_a_file_is_tried_and_then_imported(log_in, moderator_mo):
    browser = log_in(moderator_mo)
    rows, other = "name,year\nАк кеме,1976\nМанас,soon\n", "name\nОткуда\n"

    listed = browser.get("/admin/catalog/title/").content.decode()
    empty = browser.get(PAGE).content.decode()
    unread = browser.post(PAGE, sent("title\nA")).content.decode()
    tried = browser.post(PAGE, sent(rows)).content.decode()
    [proof] = re.findall(r'name="tried" value="([^"]+)"', tried)
    changed = browser.post(PAGE, sent(other, **{"import": "1", "tried": proof}))
    untried = browser.post(PAGE, sent(rows, **{"import": "1"}))
    assert not Job.objects.exists()
    done = browser.post(PAGE, sent(rows, **{"import": "1", "tried": proof}))
    run_job.run(Job.objects.get().pk)

    assert PAGE in listed
    assert "Try without changes" in empty
    assert "The first line has to name the columns" in unread
    assert escape("A valid integer is required.") in tried
    assert "another file than the one that was tried" in changed.content.decode()
    assert untried.status_code == 200
    assert done.status_code == 302
    assert list(Title.objects.values_list("name", "year", "moderation")) == [
        ("Ак кеме", 1976, Moderation.APPROVED)
    ]


def test_only_moderators_import(log_in, uploader_uli):
    assert log_in(uploader_uli).get(PAGE).status_code in {302, 403}


def test_many_are_deleted_and_those_with_chapters_stay(log_in, moderator_mo, uploader_uli):
    gone, read = make_title("Gone"), make_title("Read")
    make_upload_row(uploader=uploader_uli, series=read)

    answer = log_in(moderator_mo).post(
        "/admin/reader/series/",
        {"action": "delete_many", "_selected_action": [gone.pk, read.pk]},
        follow=True,
    )

    assert "They have chapters and stay: 1." in answer.content.decode()
    assert dict(Title.objects.values_list("pk", "moderation")) == {
        gone.pk: Moderation.UNLISTED, read.pk: Moderation.APPROVED,
    }  # fmt: skip
    assert Job.objects.get().outcome == {"done": 1, "failed": 1}
