"""The main job by HTTP alone, against real processes: registered, submitted, approved, read."""

import io
import re

import httpx
from PIL import Image

from tests.cast import PASSWORD
from tests.processes.installation import SERIES, Installation
from tests.reader.archive_builders import make_chapter_zip
from tests.services import wait_for

PAGES = 5
# A folder's view finds nothing there; S3 servers forbid it, some as a bad request.
_REFUSALS = (400, 403, 404)
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def test_a_stranger_reads_what_an_uploader_sent_and_a_moderator_approved(
    installation: Installation,
) -> None:
    installation.start()
    with installation.client() as anybody, installation.client("uli") as uli:
        # The web answers before the worker beside it has started.
        wait_for("every part", lambda: anybody.get("/readyz").json()["status"] == "ok")
        assert_newcomers_may_not_submit(installation, anybody)
        archive = make_chapter_zip(pages=PAGES, format="webp", size=(300, 420))

        answer = uli.post(
            f"/api/series/{SERIES}/chapters",
            data={"number": "10.5", "title": "The bridge"},
            files={"file": ("chapter.zip", archive)},
        )
        assert answer.status_code == 202, answer.text
        address = answer.json()["url"]
        wait_for("review", lambda: uli.get(address).json()["state"] == "awaiting_review")
        assert_nothing_shows(anybody, uli.get(address).json())
        approve_in_admin(installation, answer.json()["id"])
        wait_for("publication", lambda: uli.get(address).json()["state"] == "live")

        assert_everybody_reads(anybody)
    installation.stop()


def assert_newcomers_may_not_submit(installation: Installation, anybody: httpx.Client) -> None:
    newcomer = {"username": "nurlan", "email": "nurlan@example.test", "password": PASSWORD}
    assert anybody.post("/api/auth/register", json=newcomer).status_code == 201
    with installation.client("nurlan") as nurlan:
        answer = nurlan.post(f"/api/series/{SERIES}/chapters", files={"file": ("1.zip", b"x")})
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


def assert_nothing_shows(anybody: httpx.Client, upload: dict[str, object]) -> None:
    assert anybody.get(f"/api/series/{SERIES}/chapters").json()["results"] == []
    assert anybody.get("/api/chapters").json()["results"] == []
    assert anybody.get(f"/api/uploads/{upload['id']}").status_code == 401
    pages = upload["pages"]
    assert isinstance(pages, list)
    assert len(pages) == PAGES
    address = pages[0]["url"]
    assert anybody.get(address).status_code == 200
    assert anybody.get(address.partition("?")[0]).status_code in _REFUSALS
    other = "1111" if address.endswith("0000") else "0000"
    assert anybody.get(address[:-4] + other).status_code in _REFUSALS


def approve_in_admin(installation: Installation, upload: int) -> None:
    """Log in with the admin's form and send the review page's own form."""
    with httpx.Client(base_url=installation.url, timeout=60) as mo:
        form = {"username": "mo", "password": PASSWORD, "next": "/admin/"}
        token = token_of(mo.get("/admin/login/"))
        answer = mo.post("/admin/login/", data=form | {"csrfmiddlewaretoken": token})
        assert answer.status_code == 302, answer.text
        review = mo.get(f"/admin/reader/upload/{upload}/review/")
        found = re.search(r'id="approve-form" method="post" action="([^"]+)"', review.text)
        assert found, review.text
        data = {"csrfmiddlewaretoken": token_of(review)}
        answer = mo.post(found[1], data=data)
        assert answer.status_code == 302, answer.text


def token_of(page: httpx.Response) -> str:
    found = _TOKEN.search(page.text)
    assert found, page.text
    return found[1]


def assert_everybody_reads(anybody: httpx.Client) -> None:
    # The cached list goes in the moment after the commit, which `live` may overtake.
    [chapter] = wait_for(
        "the chapter", lambda: anybody.get(f"/api/series/{SERIES}/chapters").json()["results"]
    )
    assert (chapter["number"], chapter["title"]) == ("10.5", "The bridge")
    pages = anybody.get(f"/api/chapters/{chapter['id']}").json()["pages"]
    assert [page["number"] for page in pages] == list(range(1, PAGES + 1))
    for page in pages:
        picture = anybody.get(page["url"])
        assert picture.headers["content-type"] == "image/webp"
        assert len(picture.content) == page["bytes"]
        with Image.open(io.BytesIO(picture.content)) as image:
            assert image.size == (page["width"], page["height"])
