"""The whole way with real plug-ins: typed, found at other sites, kept with its cover."""

from contextlib import ExitStack

import pytest

from common.models import OutboundBudget
from sources.titles.covers import fetch_cover
from tests.cast import client_of, make_title
from tests.sources.answering import answer_all
from tests.sources.double import cloudflare
from tests.sources.doubles import DOUBLES

pytestmark = pytest.mark.django_db


@pytest.fixture
def sites(settings, monkeypatch):
    """AniList, MangaDex and Kitsu; nothing waits for turns or between two tries."""
    monkeypatch.setattr("common.outbound.calls._BACKOFF", lambda state: 0.0)
    monkeypatch.setattr("sources.answers.asking._watch", lambda _keys, _until: None)
    settings.OUTBOUND_ALLOW_PRIVATE = True
    with ExitStack() as stack:
        doubles = {name: stack.enter_context(make()) for name, make in DOUBLES.items()}
        addresses = [double.addresses().items() for double in doubles.values()]
        settings.SOURCE_ADDRESSES = dict(pair for pairs in addresses for pair in pairs)
        yield doubles


def worked():
    OutboundBudget.objects.update(calls=[])
    answer_all()


def suggested(user, query):
    answer = client_of(user).get("/api/sources/autocomplete", {"q": query, "type": "manhua"})
    return answer.json()


def test_a_manga_that_only_anilist_knows_is_kept_with_all_about_it(sites, reader_rina):
    first = suggested(reader_rina, "crane and")
    worked()
    [result] = suggested(reader_rina, "Crane AND ")["results"]
    external = {"site": result["source"], "id": result["source_id"]}
    waits = client_of(reader_rina).post("/api/library/items", {"external": external}, format="json")
    worked()
    kept = client_of(reader_rina).post("/api/library/items", {"external": external}, format="json")
    title_id = kept.json()["title_id"]
    fetch_cover.run(title_id)

    item = client_of(reader_rina).get(f"/api/library/items/{kept.json()['id']}").json()
    again = suggested(reader_rina, "crane and")["results"]

    assert "anilist" in first["pending"] and first["results"] == []
    assert (result["title_id"], result["name"], result["max_progress"]) == (
        None, "Crane and Sword", 60,
    )  # fmt: skip
    assert waits.json()["code"] == "source_pending"
    assert kept.status_code == 201
    assert (item["title"], item["type"], item["max_progress"]) == ("Crane and Sword", "manhua", 60)
    assert item["external_ids"] == {"anilist": 30106, "mal": 9106, "mangadex": None}
    assert item["format"] and item["site_url"].startswith("http")
    assert client_of(None).get(item["cover"]["url"]).status_code == 200
    assert [(one["title_id"], one["sources"][0]) for one in again] == [(title_id, "mangakg")]
    shown = client_of(reader_rina).get(f"/api/titles/{title_id}").json()
    assert [one["name"] for one in shown["sources"]] == ["anilist"]
    assert shown["credits"][0]["person"]["name"] == "Li Wei"
    assert shown["cover"] == item["cover"]


def test_one_manga_of_three_sites_is_one_result_and_one_site_may_be_down(sites, reader_rina):
    sites["kitsu"].plan(cloudflare(), times=9)
    ours = make_title("Blue Wolf of the Pass (here)", mal_id=9101)
    client = client_of(reader_rina)
    client.get("/api/sources/search", {"q": "blue wolf", "type": "manga"})
    worked()

    answer = client.get("/api/sources/search", {"q": "blue wolf", "type": "manga"}).json()

    [result] = [one for one in answer["results"] if one["title_id"] == ours.pk]
    assert result["sources"] == ["mangakg", "anilist", "mangadex"]
    assert answer["errors"]["kitsu"]["code"] == "source_down"
    assert [one["name"] for one in answer["results"]].count("Blue Wolf of the Pass") == 0
