"""Processes that are really killed: what was under way is finished, once, and nothing is left."""

import pytest

from tests.processes.conftest import PAGES
from tests.processes.installation import Installation
from tests.services import wait_for


@pytest.mark.parametrize("victim", ["extraction", "supervisor", "everything"])
def test_a_killed_extraction_is_finished_once(
    installation: Installation, victim: str, chapter_zip: bytes
) -> None:
    if (victim, installation.profile) == ("supervisor", "services"):
        victim = "beat"
    installation.hold_storage()
    installation.start()
    upload = installation.submit(chapter_zip)
    wait_for("first pages", lambda: len(installation.stored("quarantine")) > 8)
    decoders = installation.decoders()

    installation.kill(installation.aim(victim))
    assert installation.state_of(upload) == "extracting"
    installation.release_storage()
    installation.start()
    installation.wait_for_state(upload, "awaiting_review")

    assert_extracted_once(installation, upload)
    assert not decoders & installation.decoders()
    assert_ends_without_orphans(installation)


@pytest.mark.parametrize("victim", ["worker", "everything"])
def test_a_killed_publication_is_finished_once(
    installation: Installation, victim: str, chapter_zip: bytes
) -> None:
    installation.hold_storage()
    installation.release_storage()
    installation.start()
    upload = installation.submit(chapter_zip)
    installation.wait_for_state(upload, "awaiting_review")
    installation.hold_storage()
    assert installation.approve(upload).wait() == 0
    wait_for("first pages", lambda: len(installation.stored("media")) > 4)

    installation.kill(installation.aim(victim))
    assert installation.state_of(upload) == "publishing"
    installation.release_storage()
    installation.start()
    installation.wait_for_state(upload, "live")

    assert_published_once(installation, upload)
    assert_ends_without_orphans(installation)


def assert_extracted_once(installation: Installation, upload: int) -> None:
    pages = installation.rows(
        f"SELECT number, sha256 FROM reader_page WHERE upload_id = {upload} ORDER BY number"
    )
    assert [number for number, _ in pages] == list(range(1, PAGES + 1))
    [(folder, done, lease)] = installation.rows(
        f"SELECT folder, pages_done, lease_until FROM reader_upload WHERE id = {upload}"
    )
    assert (done, lease) == (PAGES, None)
    folder = str(folder).replace("-", "")
    wanted = {f"uploads/{folder}/{sha256}" for _, sha256 in pages}
    assert installation.stored("quarantine") == {*wanted, f"uploads/{folder}/archive.zip"}
    assert installation.rows("SELECT count(*) FROM reader_upload") == [(1,)]
    with installation.client("uli") as uli:
        shown = uli.get(f"/api/uploads/{upload}").json()
    assert shown["page_count"] == PAGES
    with installation.client() as img:  # a picture's address needs no more than itself
        answer = img.get(shown["pages"][PAGES - 1]["url"])
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xff\xd8")


def assert_published_once(installation: Installation, upload: int) -> None:
    with installation.client() as anybody:
        [chapter] = wait_for(
            "the chapter", lambda: anybody.get("/api/series/naruto/chapters").json()["results"]
        )
        pages = anybody.get(f"/api/chapters/{chapter['id']}").json()["pages"]
        assert [page["number"] for page in pages] == list(range(1, PAGES + 1))
        assert anybody.get(pages[0]["url"]).content.startswith(b"\xff\xd8")
    wait_for(
        "variants and purge",
        lambda: installation.rows(
            f"SELECT 1 FROM reader_upload WHERE id = {upload} "
            "AND variants_done AND purge_after IS NULL"
        ),
        seconds=300,
    )
    assert installation.stored("quarantine") == set()
    named = {name for (name,) in installation.rows("SELECT name FROM common_mediafile")}
    assert installation.stored("media") == named
    used = installation.rows(
        "SELECT file_id FROM reader_page UNION SELECT saver_id FROM reader_page"
    )
    ids = installation.rows("SELECT id FROM common_mediafile")
    assert set(ids) == {row for row in used if row != (None,)}


def assert_ends_without_orphans(installation: Installation) -> None:
    decoders = installation.decoders()
    installation.stop()
    wait_for("the end of every process", lambda: not installation.pids_of(""))
    assert not decoders & installation.decoders()
