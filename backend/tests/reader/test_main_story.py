"""The main job by HTTP: submitted, extracted, approved, read."""

import pytest

from reader.intake.extraction import extract_upload
from reader.models import Upload
from reader.publication.moderation import approve_upload
from reader.publication.publishing import publish_upload
from tests.cast import client_of, make_title
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_approved_chapter_is_read_by_everybody(uploader_uli, moderator_mo, tmp_path):
    series = make_title()
    archive = tmp_path / "chapter.zip"
    archive.write_bytes(make_chapter_zip(pages=3))

    with archive.open("rb") as file:
        answer = client_of(uploader_uli).post(
            f"/api/series/{series.slug}/chapters", {"file": file, "number": "10.50"}
        )
    assert answer.status_code == 202, answer.content
    upload = Upload.objects.get(pk=answer.json()["id"])
    extract_upload.run(upload.pk)
    anybody = client_of(None)
    assert anybody.get(f"/api/series/{series.slug}/chapters").json()["results"] == []
    approve_upload(upload, moderator=moderator_mo)
    publish_upload.run(upload.pk)

    [chapter] = anybody.get(f"/api/series/{series.slug}/chapters").json()["results"]
    assert chapter["number"] == "10.5"
    pages = anybody.get(f"/api/chapters/{chapter['id']}").json()["pages"]
    assert [page["number"] for page in pages] == [1, 2, 3]
    assert anybody.get(pages[0]["url"])["Content-Type"] == "image/jpeg"
