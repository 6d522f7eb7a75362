"""Titles that only a source knows: taken over once, shared by all who hold them, refreshed."""

from uuid import uuid4

import pytest

from accounts.models import AuditEntry
from catalog.choices import CreditRole, Kind, Moderation, Rating, Status
from catalog.merging import merge_titles, undo_merge
from catalog.models import Category, Tag, Title
from common.work.events import deliver_events
from sources.contract import FoundCredit, Name, SourceFailed
from sources.models import CoverFetch, SourceTitle
from sources.title_details import DETAILS_OF
from sources.titles.linking import take_title
from tests.at_once import run_at_once
from tests.cast import client_of, make_title, make_user
from tests.sources.answering import age_all, answer_all
from tests.sources.shelf import found
from tracker.models import LibraryItem

pytestmark = pytest.mark.django_db

MANGADEX = str(uuid4())


def everything(**facts):
    """Return a title with every fact that a source can tell."""
    return found(**{
        "id": "30", "name": "Blue Period", "original_name": "ブルーピリオド",
        "original_language": "ja", "year": 2017,
        "aliases": (Name("Синий период", "ru"), Name("Blue", ""), Name("x" * 400, "no language")),
        "synopsis": {"en": "He paints.\x00\x1b", "??": "?"}, "status": Status.HIATUS,
        "rating": Rating.SUGGESTIVE, "format": "MANGA", "length": 66, "duration_minutes": 0,
        "cover_url": "https://pictures.test/30.jpg", "site_url": "https://shelf.test/30",
        "external_ids": {"mal": "107562", "mangadex": MANGADEX, "kitsu": "9"},
        "genres": ("Drama", "Unknown here"), "tags": ("Art", "Drama"),
        "people": (FoundCredit("Yamaguchi Tsubasa", CreditRole.AUTHOR),) * 2, **facts,
    })  # fmt: skip


def send(user, path, body=None):
    return client_of(user).post(f"/api/{path}", body or {}, format="json")


def test_a_title_that_only_a_source_knows_is_kept_with_all_its_facts(
    shelves, reader_rina, outsider_otto
):
    Category.objects.create(slug="drama", name={"en": "Drama"})
    Tag.objects.create(slug="art", name={"en": "Art"})
    shelves.put("anilist", everything())
    external = {"site": "anilist", "id": "30"}

    waits = send(reader_rina, "library/items", {"external": external})
    answer_all()
    kept = send(reader_rina, "library/items", {"external": external, "progress": 3})
    by_another_id = send(
        outsider_otto, "library/items", {"external": {"site": "mangadex", "id": MANGADEX}}
    )

    assert (waits.status_code, waits.json()["code"]) == (503, "source_pending")
    assert waits["Retry-After"] == "5"
    item = kept.json()
    assert kept.status_code == 201
    assert (item["max_progress"], item["progress"], item["format"]) == (66, 3, "MANGA")
    assert item["external_ids"] == {"anilist": 30, "mal": 107562, "mangadex": MANGADEX}
    assert (item["site_url"], item["moderation"]) == ("https://shelf.test/30", "unlisted")
    assert by_another_id.json()["title_id"] == item["title_id"]
    title = client_of(reader_rina).get(f"/api/titles/{item['title_id']}").json()
    assert title["names"] == {"ja": "ブルーピリオド", "ru": "Синий период"}
    assert [alias["name"] for alias in title["aliases"]] == ["Синий период", "Blue", "x" * 300]
    assert (title["synopsis"], title["status"]) == ({"en": "He paints."}, "hiatus")
    assert (title["content_rating"], title["duration_minutes"]) == ("suggestive", None)
    assert [one["slug"] for one in title["genres"] + title["tags"]] == ["drama", "art"]
    assert [one["person"]["name"] for one in title["credits"]] == ["Yamaguchi Tsubasa"]
    assert title["sources"] == [{
        "name": "anilist", "site_url": "https://shelf.test/30",
        "label": dict.fromkeys(("en", "ky", "ru"), "Anilist"),
        "credits": dict.fromkeys(("en", "ky", "ru"), "Facts from the shelf."),
    }]  # fmt: skip
    stranger = make_user("stranger")
    assert client_of(stranger).get(f"/api/titles/{item['title_id']}").status_code == 404
    assert CoverFetch.objects.get().url == "https://pictures.test/30.jpg"
    assert Title.objects.get().created_by is None


def test_what_has_to_be_said_of_a_source_is_there_in_each_language(db):
    title = make_title()
    SourceTitle.objects.create(title=title, source="mangadex", external_id="1")

    [shown] = DETAILS_OF(title.pk)["sources"]

    assert set(shown["label"].values()) == {"MangaDex"}
    assert len(set(shown["credits"].values())) == 3


def test_a_moderator_puts_it_into_the_catalogue(shelves, reader_rina, moderator_mo):
    shelves.put("anilist", everything(), found("31", "Film", kind=Kind.MOVIE))
    path = "sources/anilist/titles"
    assert send(moderator_mo, path, {"id": "30"}).status_code == 202
    send(moderator_mo, path, {"id": "31", "listed": True})
    send(moderator_mo, path, {"id": "404"})
    answer_all()

    unlisted = send(reader_rina, path, {"id": "30"})
    refused = send(reader_rina, path, {"id": "30", "listed": True})
    listed = send(moderator_mo, path, {"id": "30", "listed": True})
    again = send(moderator_mo, path, {"id": "30", "listed": True})
    film = send(moderator_mo, path, {"id": "31", "listed": True})

    assert (unlisted.status_code, unlisted.json()["moderation"]) == (201, "unlisted")
    assert refused.status_code == 403
    assert (listed.status_code, again.status_code, film.status_code) == (200, 200, 201)
    assert (listed.json()["moderation"], listed.json()["slug"]) == ("approved", "blue-period")
    assert client_of(None).get("/api/titles/film").json()["kind"] == "movie"
    found_by_all = client_of(None).get("/api/titles", {"search": "Синий период"}).json()
    assert [one["slug"] for one in found_by_all["results"]] == ["blue-period"]
    logged = AuditEntry.objects.filter(subject_id=film.json()["id"]).values_list("action", "actor")
    assert set(logged) == {("create_title", moderator_mo.pk), ("approve_title", moderator_mo.pk)}
    assert send(moderator_mo, path, {"id": "404"}).status_code == 404


def test_a_title_that_is_here_is_linked_and_what_it_lacks_is_filled(
    shelves, reader_rina, moderator_mo
):
    ours = make_title("Blue period", year=2017, format="ONE_SHOT")
    taken = make_title("Hidden", mal_id=107562, moderation=Moderation.DRAFT)
    remake = make_title("Blue Period", kind=Kind.ANIME, year=2017)
    shelves.put("anilist", everything())
    send(reader_rina, "sources/anilist/titles", {"id": "30"})
    answer_all()

    answer = send(reader_rina, "sources/anilist/titles", {"id": "30"}).json()

    assert answer["id"] == ours.pk
    assert (answer["format"], answer["length"]) == ("ONE_SHOT", 66)
    assert (answer["name"], answer["status"]) == ("Blue period", "ongoing")
    assert answer["external_ids"] == {"anilist": 30, "mal": None, "mangadex": MANGADEX}
    assert not remake.source_titles.exists() and not taken.source_titles.exists()
    rejected = SourceTitle.objects.get()
    Title.objects.filter(pk=ours.pk).update(moderation=Moderation.REJECTED, anilist_id=None)
    assert rejected.title_id == ours.pk
    gone = send(reader_rina, "library/items", {"external": {"site": "anilist", "id": "30"}})
    assert gone.status_code == 404
    assert send(moderator_mo, "sources/anilist/titles", {"id": "30"}).json()["id"] == ours.pk


def test_a_refresh_takes_what_the_source_changed_and_keeps_what_was_edited(
    shelves, reader_rina, outsider_otto, moderator_mo
):
    shelves.put("anilist", everything())
    send(moderator_mo, "sources/anilist/titles", {"id": "30"})
    answer_all()
    pk = send(moderator_mo, "sources/anilist/titles", {"id": "30", "listed": True}).json()["id"]
    send(reader_rina, "library/items", {"title_id": pk})
    Title.objects.filter(pk=pk).update(name="Blue Period (edited)", site_url="")
    shelves.put(
        "anilist",
        everything(
            name="Blue Period 2", length=70, status=None, site_url="https://shelf.test/new",
            aliases=(Name("Көк мезгил", "ky"),), cover_url="https://pictures.test/31.jpg",
            people=(FoundCredit("yamaguchi  tsubasa", CreditRole.AUTHOR),),
        ),
    )  # fmt: skip
    path = f"titles/{pk}/refresh"
    age_all()

    pending = send(reader_rina, path)
    answer_all()
    done = send(reader_rina, path)
    again = send(moderator_mo, path)

    assert (pending.status_code, pending.json()["pending"]) == (202, True)
    assert done.status_code == 200
    changes = done.json()["changes"]
    assert changes.keys() == {"length", "aliases"}
    assert changes["length"] == [66, 70]
    assert changes["aliases"][1] == [{"name": "Көк мезгил", "language": "ky"}]
    assert done.json()["kept"] == ["name", "site_url"]
    assert done.json()["cover_pending"] and done.json()["refreshed_at"]
    title = Title.objects.get(pk=pk)
    assert (title.name, title.site_url, title.status) == ("Blue Period (edited)", "", "hiatus")
    assert title.names["ky"] == "Көк мезгил"
    assert again.json()["changes"] == {}
    deliver_events()
    assert send(outsider_otto, path).status_code == 403
    assert send(reader_rina, f"titles/{make_title().pk}/refresh").status_code == 403
    alone = send(moderator_mo, f"titles/{make_title('Alone').pk}/refresh")
    assert (alone.status_code, alone.json()["code"]) == (409, "no_source")


def test_of_two_sources_the_first_leads_and_the_other_fills(shelves, moderator_mo):
    title = make_title("Kyoto Ghosts", anilist_id=1)
    SourceTitle.objects.create(source="rack", external_id="r", title=title)
    shelves.put("rack", found("r", name="Rack's", year=None, format="Web"))
    shelves.put("anilist", found("1", name="List's", length=9, site_url="https://shelf.test/1"))
    path = f"titles/{title.pk}/refresh"
    send(moderator_mo, path)
    shelves.fail("anilist", SourceFailed("It is down.", code="source_down"))
    answer_all()
    one_down = send(moderator_mo, path).json()
    shelves.fail("anilist", None)
    shelves.fail("rack", SourceFailed("Wait.", code="source_limited"))
    age_all()
    waits = send(moderator_mo, path)
    answer_all()

    assert one_down["errors"]["anilist"]["code"] == "source_down"
    assert (one_down["changes"].keys(), one_down["kept"]) == ({"format"}, ["name"])
    assert waits.status_code == 202
    done = send(moderator_mo, path).json()
    assert done["changes"].keys() == {"site_url", "year", "length"}
    assert done["kept"] == ["name"]


def test_a_merge_takes_its_sources_along_and_gives_them_back(shelves, reader_rina, moderator_mo):
    shelves.put("anilist", everything())
    send(reader_rina, "library/items", {"external": {"site": "anilist", "id": "30"}})
    answer_all()
    send(reader_rina, "library/items", {"external": {"site": "anilist", "id": "30"}})
    shared = Title.objects.get()
    ours = make_title("Ours")

    job = merge_titles(shared, ours, moderator=moderator_mo)
    merged = SourceTitle.objects.get().title_id, LibraryItem.objects.get().title_id
    undo_merge(job, moderator_mo)

    assert merged == (ours.pk, ours.pk)
    assert SourceTitle.objects.get().title_id == shared.pk


@pytest.mark.django_db(transaction=True)
def test_the_same_title_asked_for_twice_at_once_is_one(shelves, moderator_mo, reader_rina):
    one, other = everything(), everything(id="31", external_ids={"mal": "107562"})

    taken = run_at_once(
        lambda: take_title(reader_rina, source="anilist", found=one, is_listed=False),
        lambda: take_title(moderator_mo, source="anilist", found=one, is_listed=False),
        lambda: take_title(moderator_mo, source="rack", found=other, is_listed=False),
    )

    assert len({title.pk for title, _is_new in taken}) == 1
    assert sum(is_new for _title, is_new in taken) == 1
    assert Title.objects.get().mal_id == 107562
