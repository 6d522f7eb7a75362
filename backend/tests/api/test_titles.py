"""/api/titles, /api/series and the vocabularies: filters, order, pages, what is cached."""

import gzip
import json
from unittest.mock import Mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import catalog.api.titles
from catalog.choices import Moderation
from catalog.models import Alias, Category, Credit, OldSlug, Person, Tag, Title
from catalog.rows import title_detail
from catalog.search_index import reindex_title
from catalog.trailers import read_trailer
from common.http.renderers import to_json
from common.http.shared_cache import invalidate_cached_views, shared_cache
from tests.cast import client_of, make_title, make_upload_row

pytestmark = pytest.mark.django_db


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


@pytest.fixture
def shelf():
    """Four titles that differ in everything that can be asked for."""
    action, drama = (Category.objects.create(slug=slug) for slug in ("action", "drama"))
    ninja, school = (Tag.objects.create(slug=slug) for slug in ("ninja", "school"))
    a = make_title("Anchor", kind="manga", year=1999, popularity=5, rating_average="7.50")
    b = make_title("Bridge", kind="manhwa", status="completed", year=2005, rating_average="9.00")
    c = make_title("Cloud", kind="movie", content_rating="suggestive", year=2005, popularity=9)
    make_title("Draft", moderation=Moderation.PENDING)
    a.categories.set([action, drama])
    b.categories.set([action])
    a.tags.set([ninja])
    b.tags.set([ninja, school])
    maker = Person.objects.create(name="Oda", slug="oda")
    Credit.objects.create(title=a, person=maker, role="author")
    Credit.objects.create(title=a, person=maker, role="artist")
    return {"maker": maker, "a": a, "b": b, "c": c}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "CBA"),
        ("kind=manga", "A"),
        ("kind=manga&kind=movie", "CA"),
        ("status=completed", "B"),
        ("rating=suggestive", "C"),
        ("year=2005", "CB"),
        ("year=1999&year=2005", "CBA"),
        ("year=1999,2005", "CBA"),
        ("year_min=2000", "CB"),
        ("year_max=2000", "A"),
        ("year_min=1999&year_max=2005&kind=manga,movie", "CA"),
        ("genre=action", "BA"),
        ("genre=action&genre=drama", "A"),
        ("genre=action&genre=action", "BA"),
        ("genre=action&genre=none", ""),
        ("tag=ninja&tag=school&genre=action", "B"),
        ("tag=ninja&tag=school&genre=action&genre=drama", ""),
        ("genre=action&genre=drama&search=anch", "A"),
        ("genre=action&genre=drama&search=bridge", ""),
        ("tag=ninja&exclude_tag=school", "A"),
        ("exclude_tag=ninja", "C"),
        ("exclude_tag=school&exclude_tag=ninja", "C"),
        ("person=oda", "A"),
        ("genre=none", ""),
        ("kind=", "CBA"),
        ("ordering=title", "ABC"),
        ("ordering=popular", "CAB"),
        ("ordering=rating", "BAC"),
        ("ordering=newest", "CBA"),
        ("search=bridge", "B"),
        ("search=bridg&kind=manga", ""),
        ("search=%20", "CBA"),
    ],
)
def test_titles_are_filtered_and_ordered(query, found, shelf):
    assert "".join(name[0] for name in names(client_of(None).get(f"/api/titles?{query}"))) == found


@pytest.mark.parametrize("words", ["", "&search=anchor", "&ordering=title&person=oda"])
@pytest.mark.parametrize("path", ["/api/titles", "/api/series"])
def test_as_many_genres_and_tags_as_may_be_asked_for_are_found(path, words, shelf):
    many = range(30)
    shelf["a"].categories.set(Category.objects.create(slug=f"genre-{n}") for n in many)
    shelf["a"].tags.set(Tag.objects.create(slug=f"tag-{n}") for n in many)
    asked = "&".join(f"genre=genre-{n}&tag=tag-{n}&exclude_tag=other-{n}" for n in many)

    assert names(client_of(None).get(f"{path}?{asked}{words}")) == ["Anchor"]


@pytest.mark.parametrize(
    "name", ["kind", "status", "rating", "year", "genre", "tag", "exclude_tag"]
)  # fmt: skip
def test_of_a_list_that_is_too_long_it_is_said_how_long_it_may_be(name, db):
    twice = "&".join([f"{name}=1999"] * 31)
    too_many = "&".join(f"{name}={number}" for number in range(1900, 1931))

    answer = client_of(None).get(f"/api/titles?{too_many}")

    assert answer.json() == {
        "code": "invalid",
        "detail": "At most 30 of these at once.",
        "fields": {name: ["At most 30 of these at once."]},
    }
    # What stands there many times is asked once.
    assert "At most" not in client_of(None).get(f"/api/titles?{twice}").content.decode()


def test_a_person_is_found_by_id_too(shelf):
    assert names(client_of(None).get(f"/api/titles?person={shelf['maker'].pk}")) == ["Anchor"]


def test_series_are_only_what_is_read(shelf):
    assert names(client_of(None).get("/api/series")) == ["Bridge", "Anchor"]
    assert client_of(None).get(f"/api/series/{shelf['c'].slug}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["kind=book", "year=soon", "year_min=soon", "chapter_language=%00",
     "page=0", "page=x", "page_size=101", "ordering=best", "year=-1",
     "search=%00", "genre=%00", "person=a%00", "page=99999999999999999999"],
)  # fmt: skip
def test_what_cannot_be_asked_is_named(query):
    answer = client_of(None).get(f"/api/titles?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [query.partition("=")[0]]


def test_what_is_asked_is_looked_at_once_while_its_answer_is_kept(monkeypatch):
    look = Mock(wraps=catalog.api.titles.parse_query)
    monkeypatch.setattr(catalog.api.titles, "parse_query", look)

    answers = {client_of(None).get("/api/titles?kind=manga").content for _ in range(3)}

    assert (len(answers), look.call_count) == (1, 1)


def test_pages_lead_to_each_other():
    for number in range(5):
        make_title(f"Title {number}")
    client = client_of(None)

    first = client.get("/api/titles?page_size=2&ordering=title").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()

    assert (first["count"], first["previous"], third["next"]) == (5, None, None)
    walked = [row["name"] for page in (first, second, third) for row in page["results"]]
    assert walked == [f"Title {number}" for number in range(5)]
    assert client.get(third["previous"]).json()["results"] == second["results"]
    assert client.get("/api/titles?page=9").json()["results"] == []


def test_search_is_paged_too():
    for number in range(3):
        make_title(f"Naruto {number}")

    answer = client_of(None).get("/api/titles?search=naruto&page_size=2&page=2").json()

    assert (answer["count"], len(answer["results"]), answer["next"]) == (3, 1, None)


def test_the_second_page_of_a_search_is_not_searched_for_again(django_assert_num_queries):
    for number in range(3):
        make_title(f"Naruto {number}")
    assert names(client_of(None).get("/api/titles?search=naruto&page_size=2")) == [
        "Naruto 0", "Naruto 1",
    ]  # fmt: skip

    with django_assert_num_queries(3):  # its rows, their genres and languages
        second = client_of(None).get("/api/titles?search=naruto&page_size=2&page=2")

    assert names(second) == ["Naruto 2"]


def test_a_search_shows_what_has_changed_since(django_capture_on_commit_callbacks):
    titles = [make_title(f"Naruto {number}") for number in range(3)]
    assert len(names(client_of(None).get("/api/titles?search=naruto"))) == 3

    with django_capture_on_commit_callbacks(execute=True):
        Title.objects.filter(pk=titles[0].pk).update(moderation=Moderation.UNLISTED)
        make_title("Naruto 3")
        invalidate_cached_views("titles")

    answer = client_of(None).get("/api/titles?search=naruto&page_size=2")
    assert (answer.json()["count"], names(answer)) == (3, ["Naruto 1", "Naruto 2"])


def test_a_search_that_was_remembered_shows_nothing_that_is_hidden_now():
    titles = [make_title(f"Naruto {number}") for number in range(3)]
    client_of(None).get("/api/titles?search=naruto")

    Title.objects.filter(pk=titles[0].pk).update(moderation=Moderation.UNLISTED)

    answer = client_of(None).get("/api/titles?search=naruto&page_size=2")
    assert names(answer) == ["Naruto 1"]


def test_while_the_cache_is_away_nothing_is_remembered(monkeypatch):
    class Away:
        def visit(self, counter, seconds, keys):
            return 0, [None] * len(keys)

        def get(self, key):
            return None

        def put(self, key, value, seconds):
            pass

        put_if_absent = put

    monkeypatch.setattr("common.http.shared_cache.shared_cache", Away)
    monkeypatch.setattr("accounts.api.cached_views.shared_cache", Away)
    make_title("Naruto 0")
    assert client_of(None).get("/api/titles?search=naruto").json()["count"] == 1
    assert client_of(None).get("/api/titles").json()["count"] == 1

    make_title("Naruto 1")

    assert client_of(None).get("/api/titles?search=naruto").json()["count"] == 2
    assert client_of(None).get("/api/titles").json()["count"] == 2


@pytest.mark.parametrize("address", ["/api/titles", "/api/series", "/api/titles?search=title"])
def test_a_list_costs_the_same_queries_whatever_its_length(address, django_assert_num_queries):

    make_title("Title 0").categories.add(Category.objects.create(slug="action"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        client_of(None).get(address)
    for number in range(1, 50):
        make_title(f"Title {number}").categories.add(Category.objects.get())
    shared_cache().clear()

    with django_assert_num_queries(len(one)):
        answer = client_of(None).get(f"{address}{'&' if '?' in address else '?'}page_size=50")

    assert len(answer.json()["results"]) == 50
    assert len(one) <= 6


def test_the_second_reader_costs_no_query(django_assert_num_queries):
    make_title()
    first = client_of(None).get("/api/titles")

    with django_assert_num_queries(0):
        second = client_of(None).get("/api/titles/")

    assert second.content == first.content


def test_a_known_body_is_not_sent_again():
    make_title()
    first = client_of(None).get("/api/titles")

    again = client_of(None).get("/api/titles", HTTP_IF_NONE_MATCH=first["ETag"])

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert first["Cache-Control"] == "no-cache"
    assert "Accept-Encoding" in first["Vary"]


def test_a_changed_list_has_another_etag(django_capture_on_commit_callbacks):
    make_title()
    first = client_of(None).get("/api/titles")
    with django_capture_on_commit_callbacks(execute=True):
        make_title("Second")
        invalidate_cached_views("titles")

    again = client_of(None).get("/api/titles", HTTP_IF_NONE_MATCH=first["ETag"])

    assert again.status_code == 200
    assert len(again.json()["results"]) == 2


def test_bodies_are_sent_compressed_to_who_understands_it():
    for number in range(30):
        make_title(f"Title {number}")
    plain = client_of(None).get("/api/titles?page_size=50")

    packed = client_of(None).get("/api/titles?page_size=50", HTTP_ACCEPT_ENCODING="gzip, br")

    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert int(packed["Content-Length"]) == len(packed.content) < len(plain.content) / 3


@pytest.mark.parametrize("scope", ["mine", "all"])
def test_what_only_some_see_is_never_cached(scope, moderator_mo):
    make_title("Secret", moderation=Moderation.DRAFT, created_by=moderator_mo)
    client = client_of(moderator_mo)

    answer = client.get(f"/api/titles?scope={scope}")

    assert answer["Cache-Control"] == "private, no-store"
    assert names(answer) == ["Secret"]
    Title.objects.update(name="Changed")
    assert names(client.get(f"/api/titles?scope={scope}")) == ["Changed"]
    assert client_of(None).get(f"/api/titles?scope={scope}").status_code == 401


def test_a_title_tells_all_about_itself(shelf):
    title = shelf["a"]
    Alias.objects.create(subject=title, name="アンカー", language="ja")
    Title.objects.filter(pk=title.pk).update(anilist_id=7, synopsis={"ky": "Баяны"})
    reindex_title(title.pk)

    detail = client_of(None).get(f"/api/titles/{title.slug}").json()

    assert detail["aliases"] == [{"name": "アンカー", "language": "ja"}]
    assert detail["names"] == {"ja": "アンカー"}
    rows = client_of(None).get("/api/titles?search=アンカー").json()["results"]
    assert [row["names"] for row in rows] == [detail["names"]]
    assert [credit["role"] for credit in detail["credits"]] == ["author", "artist"]
    assert detail["external_ids"] == {"anilist": 7, "mal": None, "mangadex": None}
    assert detail["synopsis"] == {"ky": "Баяны"}
    assert [genre["slug"] for genre in detail["genres"]] == ["action", "drama"]
    assert detail["reading_direction"] == "rtl"
    assert detail["cover"] is None


def test_a_detail_has_the_same_values_for_everybody(shelf, moderator_mo):
    title = shelf["a"]
    columns = {
        "mangadex_id": "a1c7c817-4e59-43b7-9365-09675a149a6f", "rating_average": "8.25",
        "trailers": [read_trailer("youtu.be/abcdefghijk")._asdict()],
        "numbers_restart_per_volume": True,
    }  # fmt: skip
    Title.objects.filter(pk=title.pk).update(**columns)

    public = client_of(None).get(f"/api/titles/{title.slug}").json()
    by_id = client_of(None).get(f"/api/titles/{title.pk}").json()
    rows = title_detail(Title.objects.filter(pk=title.pk).visible_to(moderator_mo))

    assert public == by_id == json.loads(to_json(rows))
    assert public["external_ids"]["mangadex"] == columns["mangadex_id"]
    assert public["rating_average"] == "8.25"
    assert public["trailers"] == columns["trailers"]
    assert public["numbers_restart_per_volume"] is True
    assert public["created_at"].endswith("Z")


@pytest.mark.parametrize(
    ("folder", "which", "lists"), [("titles", "a", 6), ("series", "a", 8), ("movies", "c", 7)]
)
def test_a_cold_detail_is_one_row_and_its_lists(
    folder, which, lists, shelf, django_assert_num_queries
):
    address = f"/api/{folder}/{shelf[which].slug}"
    client = client_of(None)
    client.get(address)

    with django_assert_num_queries(1 + lists, using="default"):
        client.get(f"{address}?cold=1")


def test_titles_are_in_the_order_of_the_kyrgyz_alphabet():
    for name in ("Уч", "Яна", "ёлка", "Ена", "Үй", "È", "e", "★", "Өмүр", "Ода", "Zoo"):
        make_title(name)

    found = names(client_of(None).get("/api/series?ordering=title"))

    assert found == ["★", "e", "È", "Zoo", "Ена", "ёлка", "Ода", "Өмүр", "Уч", "Үй", "Яна"]


@pytest.mark.parametrize("folder", ["titles", "series"])
def test_a_title_answers_to_its_id_and_its_slug(folder):
    title = make_title()

    bodies = {
        client_of(None).get(f"/api/{folder}/{word}").content
        for word in (title.slug, title.pk, f"p-{title.pk}", f"{title.slug}/")
    }

    assert len(bodies) == 1


def test_an_old_slug_leads_to_the_new_one():
    title = make_title()
    OldSlug.objects.create(title=title, slug="once")

    answer = client_of(None).get("/api/series/once")

    assert answer.status_code in (301, 308)
    assert answer["Location"] == f"/api/series/{title.slug}"


@pytest.mark.parametrize(
    "word", ["nothing", "999999", "9" * 18, "9" * 40, "p-", "p-9", "Наруто", "-"]
)
def test_what_is_not_there_is_not_found(word):
    answer = client_of(None).get(f"/api/titles/{word}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_pending_title_is_never_cached_for_others(uploader_uli):
    pending = make_title("Secret", moderation=Moderation.PENDING, created_by=uploader_uli)

    own = client_of(uploader_uli).get(f"/api/titles/{pending.pk}")

    assert own["Cache-Control"] == "private, no-store"
    assert own.json()["slug"] == f"p-{pending.pk}"
    assert client_of(None).get(f"/api/titles/{pending.pk}").status_code == 404


@pytest.mark.parametrize(("address", "model"), [("categories", Category), ("tags", Tag)])
def test_vocabularies_are_listed_by_slug(address, model):
    for slug in ("drama", "action"):
        model.objects.create(slug=slug, name={"en": slug.title()})

    answer = client_of(None).get(f"/api/{address}").json()

    assert answer["results"] == [
        {"slug": "action", "name": {"en": "Action"}},
        {"slug": "drama", "name": {"en": "Drama"}},
    ]


def test_the_site_tells_its_limits(settings):
    site = client_of(None).get("/api/site").json()

    assert site["languages"] == ["en", "ky", "ru"]
    assert site["guest_ratings"] == ["safe", "suggestive"]
    assert site["upload_limits"]["pages"] == settings.UPLOAD_LIMITS["max_pages"]


def test_a_series_counts_what_is_public(uploader_uli):
    series = make_title()
    make_upload_row(uploader=uploader_uli, series=series)
    make_upload_row(uploader=uploader_uli, series=series, state="awaiting_review")

    [row] = client_of(None).get("/api/series").json()["results"]

    assert row["chapter_count"] == 1
    assert row["last_chapter_at"].endswith("Z")
