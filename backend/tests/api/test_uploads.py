"""/api/uploads and /api/moderation/summary: who is told what."""

import pytest

from reader.states import UploadState
from tests.cast import client_of, make_title, make_upload, make_upload_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def series():
    return make_title()


def ids(answer) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_one_sees_ones_own_uploads_newest_first(series, uploader_uli, outsider_otto):
    own = [make_upload_row(uploader=uploader_uli, series=series).pk for _ in range(2)]
    make_upload_row(uploader=outsider_otto, series=series)

    answer = client_of(uploader_uli).get("/api/uploads")

    assert ids(answer) == own[::-1]
    assert answer["Cache-Control"] == "private, no-store"


def test_moderators_see_all_when_they_ask(series, uploader_uli, moderator_mo):
    upload = make_upload_row(uploader=uploader_uli, series=series)
    client = client_of(moderator_mo)

    assert ids(client.get("/api/uploads")) == []
    assert ids(client.get("/api/uploads?scope=all")) == [upload.pk]


def test_uploads_are_filtered_by_state(series, uploader_uli):
    by_state = {
        state: make_upload_row(uploader=uploader_uli, series=series, state=state).pk
        for state in UploadState.values
    }
    client = client_of(uploader_uli)

    for state, pk in by_state.items():
        assert ids(client.get(f"/api/uploads?state={state}")) == [pk]
    two = client.get("/api/uploads?state=live&state=failed&page_size=1").json()
    assert two["count"] == 2
    assert ids(client.get(two["next"])) == [by_state["live"]]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("state=lost", "state"), ("state=live&state=%00", "state"), ("scope=theirs", "scope"),
        ("page=0", "page"), ("page=last", "page"), ("page=10001", "page"),
        ("page_size=0", "page_size"), ("page_size=101", "page_size"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "ru", "ky"])
def test_what_cannot_be_asked_of_uploads_is_named(query, name, language, uploader_uli):
    answer = client_of(uploader_uli).get(
        f"/api/uploads?{query}", headers={"Accept-Language": language}
    )

    body = answer.json()
    assert (answer.status_code, body["code"], list(body["fields"])) == (400, "invalid", [name])
    assert body["detail"] == body["fields"][name][0]
    emails = [email for email in body["detail"] if email.isalpha()]
    assert (emails[0] > "z") == (language != "en")


def test_what_is_empty_or_unknown_is_not_asked(series, uploader_uli):
    upload = make_upload_row(uploader=uploader_uli, series=series)

    answer = client_of(uploader_uli).get("/api/uploads?state=&scope=&page=&page_size=&colour=red")

    assert ids(answer) == [upload.pk]


def test_pages_of_uploads_lead_to_each_other(series, uploader_uli):
    own = [make_upload_row(uploader=uploader_uli, series=series).pk for _ in range(3)][::-1]
    client = client_of(uploader_uli)

    first = client.get("/api/uploads?page_size=2&state=live").json()
    second = client.get(first["next"]).json()
    behind = client.get("/api/uploads?page=9").json()

    assert first["next"] == "/api/uploads?page_size=2&state=live&page=2"
    assert [row["id"] for row in (*first["results"], *second["results"])] == own
    assert (first["previous"], second["next"]) == (None, None)
    assert client.get(second["previous"]).json() == first
    assert (behind["count"], behind["results"], behind["next"]) == (3, [], None)


def test_a_list_of_uploads_costs_the_same_whatever_its_length(
    series, uploader_uli, django_assert_num_queries
):
    for _number in range(50):
        make_upload_row(uploader=uploader_uli, series=series, pages=0)
    client = client_of(uploader_uli)

    with django_assert_num_queries(5):  # the person, their permissions twice, the rows, the count
        answer = client.get("/api/uploads?page_size=50")

    assert len(ids(answer)) == 50


def test_an_upload_of_many_pages_costs_no_more_queries(
    series, uploader_uli, django_assert_num_queries
):
    upload = make_upload_row(uploader=uploader_uli, series=series, pages=50)
    client = client_of(uploader_uli)

    with django_assert_num_queries(5):
        answer = client.get(f"/api/uploads/{upload.pk}")

    assert len(answer.json()["pages"]) == 50


def test_pages_have_private_addresses_until_they_are_live(uploader_uli):
    waiting = make_upload(uploader=uploader_uli)
    live = make_upload(uploader=uploader_uli, state="live")
    client = client_of(uploader_uli)

    private = client.get(f"/api/uploads/{waiting.pk}").json()["pages"]
    public = client.get(f"/api/uploads/{live.pk}").json()["pages"]

    assert all(page["url"].startswith("/files/uploads/") for page in private)
    assert all(page["url"].startswith("/media/") for page in public)
    assert client_of(None).get(private[0]["url"]).status_code == 200
    assert private[0] | {"url": ""} == {
        "number": 1, "name": "001.jpg", "type": "image/jpeg", "width": 120, "height": 170,
        "bytes": private[0]["bytes"], "url": "",
    }  # fmt: skip


def test_the_summary_counts_what_waits(series, uploader_uli, outsider_otto, moderator_mo):
    for uploader in (uploader_uli, uploader_uli, outsider_otto):
        make_upload_row(uploader=uploader, series=series, state="awaiting_review")
    make_upload_row(uploader=uploader_uli, series=series)

    own = client_of(uploader_uli).get("/api/moderation/summary").json()
    all_of_them = client_of(moderator_mo).get("/api/moderation/summary").json()

    assert own == {"waiting": None, "mine_waiting": 2, "admin_url": None}
    assert (all_of_them["waiting"], all_of_them["mine_waiting"]) == (3, 0)
    assert all_of_them["admin_url"].startswith("/admin/")


def test_an_upload_outlives_its_uploader(series, uploader_uli, moderator_mo):
    upload = make_upload_row(uploader=uploader_uli, series=series)
    uploader_uli.delete()

    row = client_of(moderator_mo).get(f"/api/uploads/{upload.pk}").json()

    assert row["uploader"] is None


@pytest.mark.parametrize("path", ["/api/uploads/999", "/api/uploads/999999999999999999"])
def test_an_upload_that_is_not_there_is_not_found(path, moderator_mo):
    assert client_of(moderator_mo).get(path).json()["code"] == "not_found"
