"""/api/series/{slug}/chapters, /api/chapters and /api/chapters/{id}."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Title
from common.http.shared_cache import shared_cache
from reader.api.chapters import make_cursor
from reader.models import Chapter, Group, Upload
from reader.publication.moderation import approve_upload, take_down_upload
from reader.publication.publishing import publish_upload
from reader.reading.chapters import refresh_counters_of
from tests.cast import client_of, make_title, make_upload, make_upload_row, post_zip

pytestmark = pytest.mark.django_db


@pytest.fixture
def series():
    return make_title()


def numbers(answer) -> list[str | None]:
    assert answer.status_code == 200, answer.content
    return [row["number"] for row in answer.json()["results"]]


def add(uploader, series, number, **columns):
    number = None if number is None else Decimal(number)
    return make_upload_row(uploader=uploader, series=series, number=number, **columns).chapter


def test_chapters_stand_in_reading_order(series, uploader_uli):
    for number in ("10", "9.5", "2", None, "10.125"):
        add(uploader_uli, series, number)
    client = client_of(None)

    oldest = client.get(f"/api/series/{series.slug}/chapters")
    newest = client.get(f"/api/series/{series.slug}/chapters?ordering=newest")

    assert numbers(oldest) == [None, "2", "9.5", "10", "10.125"]
    assert numbers(newest) == ["10.125", "10", "9.5", "2", None]


def test_chapters_are_filtered_by_language_and_group(series, uploader_uli):
    group = Group.objects.create(name="Steppe Scans", slug="steppe-scans")
    add(uploader_uli, series, 1, language="ky")
    add(uploader_uli, series, 2, language="ru", group=group)
    client = client_of(None)
    address = f"/api/series/{series.slug}/chapters"

    assert numbers(client.get(f"{address}?language=KY")) == ["1"]
    for both in ("language=ky,ru", "language=ru&language=KY", "language=en,ru,,ky"):
        assert numbers(client.get(f"{address}?{both}")) == ["1", "2"]
    assert numbers(client.get(f"{address}?language=ky,ru&group=steppe-scans")) == ["2"]
    assert numbers(client.get(f"{address}?group=steppe-scans")) == ["2"]
    assert numbers(client.get(f"{address}?language=en")) == []
    [row] = client.get(f"{address}?language=ru").json()["results"]
    assert row["group"] == {"slug": "steppe-scans", "name": "Steppe Scans"}


def test_the_order_of_languages_makes_no_other_body(series, uploader_uli):
    add(uploader_uli, series, 1, language="ky")
    for address in (f"/api/series/{series.slug}/chapters", "/api/chapters", "/api/series"):
        name = "chapter_language" if address == "/api/series" else "language"
        first = client_of(None).get(f"{address}?page_size=5&{name}=ru,ky")
        with CaptureQueriesContext(connection) as seen:
            again = client_of(None).get(f"{address}?{name}=ky&page_size=5&{name}=ru")

        assert (len(seen), again.content) == (0, first.content)
        assert len(first.json()["results"]) == 1


def test_a_series_tells_the_languages_and_groups_of_what_is_public(
    series, uploader_uli, django_capture_on_commit_callbacks
):
    groups = [Group.objects.create(name=name, slug=name.lower()) for name in ("Steppe", "Alatoo")]
    add(uploader_uli, series, 1, language="en")
    add(uploader_uli, series, 3, language="ky", group=groups[0])
    second = add(uploader_uli, series, 2, language="ky", group=groups[1])
    add(uploader_uli, series, 4, language="ky", group=groups[1])
    make_upload_row(uploader=uploader_uli, series=series, language="ru", state="awaiting_review")
    address = f"/api/series/{series.slug}"

    detail = client_of(None).get(address).json()

    assert detail["languages"] == ["ky", "en"]
    assert detail["chapter_languages"] == [
        {"language": "ky", "count": 3}, {"language": "en", "count": 1},
    ]  # fmt: skip
    assert detail["groups"] == [
        {"id": groups[1].pk, "name": "Alatoo", "slug": "alatoo", "count": 2},
        {"id": groups[0].pk, "name": "Steppe", "slug": "steppe", "count": 1},
    ]
    assert detail["first_chapters"][0] == {
        "id": second.pk, "number": "2", "title": "", "volume": None, "language": "ky",
        "group": {"slug": "alatoo", "name": "Alatoo"},
    }  # fmt: skip
    assert [link["language"] for link in detail["first_chapters"]] == ["ky", "en"]
    [row] = client_of(None).get("/api/series").json()["results"]
    assert row["languages"] == ["ky", "en"]
    title = client_of(None).get(f"/api/titles/{series.slug}").json()
    assert title["chapter_languages"] == detail["chapter_languages"]

    with django_capture_on_commit_callbacks(execute=True):
        Chapter.objects.filter(language="ky").update(live_upload=None)
        refresh_counters_of(Chapter.objects.all())

    detail = client_of(None).get(address).json()
    assert detail["chapter_languages"] == [{"language": "en", "count": 1}]
    assert detail["groups"] == []


def test_series_are_filtered_by_the_languages_of_their_chapters(uploader_uli):
    for name, languages in (("Manas", "ky ru"), ("Naruto", "en"), ("Empty", "")):
        series = make_title(name)
        for number, language in enumerate(languages.split()):
            add(uploader_uli, series, number, language=language)
    hidden = make_title("Hidden", moderation="pending")
    add(uploader_uli, hidden, 1, language="ky")

    def found(query):
        answer = client_of(None).get(f"/api/series?ordering=title&{query}").json()
        assert answer["count"] == len(answer["results"])
        return [row["name"] for row in answer["results"]]

    assert found("chapter_language=KY") == ["Manas"]
    assert found("chapter_language=en,ru") == ["Manas", "Naruto"]
    assert found("chapter_language=ru&chapter_language=ky&search=manas") == ["Manas"]
    assert found("chapter_language=ja") == []


def test_the_newest_chapters_of_some_languages_are_read_by_cursor(uploader_uli):
    series = make_title()
    for number, language in enumerate(("ky", "en", "ru", "ky", "ru", "ky", "en"), start=1):
        add(uploader_uli, series, number, language=language)

    first = client_of(None).get("/api/chapters?language=ru,ky&page_size=3&rating=safe")
    second = client_of(None).get(first.json()["next"])

    assert (numbers(first), numbers(second)) == (["6", "5", "4"], ["3", "1"])
    assert second.json()["next"] is None


def test_where_a_language_ends_others_go_on(series, uploader_uli):
    add(uploader_uli, series, 2, language="ky")
    last = add(uploader_uli, series, 3, language="ky")
    for number in (3, 5, 4):
        add(uploader_uli, series, number, language="ru")
    add(uploader_uli, series, 1, language="en")
    one_shot = add(uploader_uli, series, None, language="ja")
    client = client_of(None)

    detail = client.get(f"/api/chapters/{last.pk}").json()

    assert (detail["previous"]["number"], detail["next"]) == ("2", None)
    assert [link["number"] for link in detail["next_in_other_languages"]] == ["4"]
    assert detail["next_in_other_languages"][0]["language"] == "ru"
    before = client.get(f"/api/chapters/{detail['previous']['id']}").json()
    assert (before["next"]["id"], before["next_in_other_languages"]) == (last.pk, [])
    # All numbers come after a chapter without one.
    after = client.get(f"/api/chapters/{one_shot.pk}").json()["next_in_other_languages"]
    assert [(link["language"], link["number"]) for link in after] == [
        ("en", "1"), ("ky", "2"), ("ru", "3"),
    ]  # fmt: skip


@pytest.mark.parametrize("query", ["language=%00", "group=%00", "page_size=501", "ordering=best"])
def test_what_cannot_be_asked_of_chapters_is_named(query, series):
    answer = client_of(None).get(f"/api/series/{series.slug}/chapters?{query}")

    assert list(answer.json()["fields"]) == [query.partition("=")[0]]


def test_chapters_are_paged(series, uploader_uli):
    for number in range(1, 6):
        add(uploader_uli, series, number)
    client = client_of(None)

    first = client.get(f"/api/series/{series.slug}/chapters?page_size=3").json()
    second = client.get(first["next"])

    assert first["count"] == 5
    assert numbers(second) == ["4", "5"]


def test_nothing_but_public_chapters_is_listed(series, uploader_uli, moderator_mo):
    for state in ("received", "awaiting_review", "publishing", "rejected", "taken_down"):
        make_upload_row(uploader=uploader_uli, series=series, state=state)
    tomorrow = timezone.now() + timedelta(days=1)
    make_upload_row(uploader=uploader_uli, series=series, publish_at=tomorrow)
    address = f"/api/series/{series.slug}/chapters"

    assert numbers(client_of(None).get(address)) == []
    assert numbers(client_of(uploader_uli).get(address)) == []
    assert numbers(client_of(None).get("/api/chapters")) == []


def test_chapters_of_a_hidden_series_are_gone(series, uploader_uli):
    chapter = add(uploader_uli, series, 1)
    Title.objects.update(moderation="rejected")
    client = client_of(None)

    assert client.get(f"/api/series/{series.pk}/chapters").status_code == 404
    assert client.get(f"/api/chapters/{chapter.pk}").status_code == 404
    assert numbers(client.get("/api/chapters")) == []


def test_the_scope_of_a_list_is_never_cached(series, uploader_uli):
    tomorrow = timezone.now() + timedelta(days=1)
    make_upload_row(uploader=uploader_uli, series=series, publish_at=tomorrow)
    address = f"/api/series/{series.slug}/chapters?scope=mine"

    own = client_of(uploader_uli).get(address)

    assert own["Cache-Control"] == "private, no-store"
    assert len(own.json()["results"]) == 1


@pytest.mark.parametrize("pages", [1, 50])
def test_what_a_chapter_costs_is_the_same_whatever_its_pages(
    pages, series, uploader_uli, django_assert_num_queries
):
    first, chapter, last = (
        make_upload_row(uploader=uploader_uli, series=series, pages=pages).chapter for _ in range(3)
    )

    with django_assert_num_queries(4):
        answer = client_of(None).get(f"/api/chapters/{chapter.pk}")
    with django_assert_num_queries(5):  # before the first number there may be one-shots
        client_of(None).get(f"/api/chapters/{first.pk}")
    with django_assert_num_queries(5):  # behind the last one another language may go on
        client_of(None).get(f"/api/chapters/{last.pk}")

    assert len(answer.json()["pages"]) == pages


@pytest.mark.parametrize("address", ["/api/series/{slug}/chapters", "/api/chapters"])
def test_a_list_of_chapters_costs_the_same_whatever_its_length(
    address, series, uploader_uli, django_assert_num_queries
):
    address = address.format(slug=series.slug)
    add(uploader_uli, series, 1)
    with CaptureQueriesContext(connection) as one:
        client_of(None).get(address)
    for number in range(2, 51):
        add(uploader_uli, series, number, pages=0)
    shared_cache().clear()

    with django_assert_num_queries(len(one)):
        answer = client_of(None).get(f"{address}?page_size=50")

    assert len(answer.json()["results"]) == 50
    assert len(one) <= 3


def test_a_chapter_knows_its_neighbours(series, uploader_uli):
    mine, other = (Group.objects.create(name=name, slug=name) for name in ("mine", "other"))
    first = add(uploader_uli, series, 1, group=mine)
    add(uploader_uli, series, 2, group=other)
    second = add(uploader_uli, series, 2, group=mine)
    add(uploader_uli, series, 2, group=mine, language="ru")
    third = add(uploader_uli, series, "2.5", group=other)
    client = client_of(None)

    detail = client.get(f"/api/chapters/{first.pk}").json()

    assert (detail["previous"], detail["next"]["id"]) == (None, second.pk)
    detail = client.get(f"/api/chapters/{second.pk}").json()
    assert (detail["previous"]["id"], detail["next"]["id"]) == (first.pk, third.pk)
    assert detail["next"]["number"] == "2.5"


def test_chapters_without_a_number_stand_before_the_first(series, uploader_uli):
    mine, other = (Group.objects.create(name=name, slug=name) for name in ("mine", "other"))
    add(uploader_uli, series, 1, group=other)
    numbered = add(uploader_uli, series, 1, group=mine)
    first = add(uploader_uli, series, None, group=mine)
    add(uploader_uli, series, None, language="ru")
    second = add(uploader_uli, series, None, group=other)
    client = client_of(None)

    listed = client.get(f"/api/series/{series.slug}/chapters?language=en").json()["results"]
    links = {
        chapter.pk: [(detail[way] or {"id": None})["id"] for way in ("previous", "next")]
        for chapter in (first, second, numbered)
        for detail in [client.get(f"/api/chapters/{chapter.pk}").json()]
    }

    assert [row["id"] for row in listed][:2] == [first.pk, second.pk]
    assert links[first.pk] == [None, second.pk]
    assert links[second.pk][0] == first.pk
    assert links[numbered.pk] == [second.pk, None]


@pytest.mark.parametrize("group", ["mine", "other"])
def test_behind_a_one_shot_comes_the_first_number_of_its_group(group, series, uploader_uli):
    groups = {name: Group.objects.create(name=name, slug=name) for name in ("mine", "other")}
    firsts = {name: add(uploader_uli, series, 1, group=groups[name]) for name in groups}
    one_shot = add(uploader_uli, series, None, group=groups[group])

    detail = client_of(None).get(f"/api/chapters/{one_shot.pk}").json()

    assert detail["next"]["id"] == firsts[group].pk


def test_a_page_tells_how_to_show_it(series, uploader_uli):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")

    page = client_of(None).get(f"/api/chapters/{upload.chapter_id}").json()["pages"][0]

    assert page["number"] == 1
    assert (page["width"], page["height"], page["wide"]) == (120, 170, False)
    assert page["color"].startswith("#")
    assert page["saver_url"] is None
    assert len(client_of(None).get(page["url"]).getvalue()) == page["bytes"]


def test_an_approved_chapter_shows_at_once_in_cached_lists(
    series, uploader_uli, moderator_mo, django_capture_on_commit_callbacks
):
    upload = make_upload(uploader=uploader_uli, series=series)
    client = client_of(None)
    addresses = [
        f"/api/series/{series.slug}/chapters",
        "/api/chapters",
        f"/api/chapters/{upload.chapter_id}",
        f"/api/series/{series.slug}",
        "/api/series?ordering=updated",
    ]
    before = [client.get(address).content for address in addresses]

    with django_capture_on_commit_callbacks(execute=True):
        approve_upload(upload, moderator=moderator_mo)
        publish_upload.run(upload.pk)
    after = [client.get(address).content for address in addresses]
    with django_capture_on_commit_callbacks(execute=True):
        take_down_upload(upload, moderator=moderator_mo, reason="Asked to.")
    at_last = [client.get(address).content for address in addresses]

    assert all(old != new for old, new in zip(before, after, strict=True))
    assert all(old != new for old, new in zip(after, at_last, strict=True))


def test_the_latest_chapters_are_read_by_cursor(series, uploader_uli):
    moment = timezone.now()
    for number in range(1, 8):
        chapter = add(uploader_uli, series, number)
        # Three at the same moment, so that only the id tells them apart.
        Chapter.objects.filter(pk=chapter.pk).update(
            published_at=moment + timedelta(hours=max(number, 3))
        )
    client, found, address = client_of(None), [], "/api/chapters?page_size=2&language=en"

    while address:
        page = client.get(address).json()
        found += [row["number"] for row in page["results"]]
        address = page["next"]

    assert found == ["7", "6", "5", "4", "3", "2", "1"]


def test_the_latest_chapters_can_be_of_some_ratings_only(series, uploader_uli):
    for number, rating in enumerate(("safe", "erotica", "safe", "suggestive"), start=1):
        add(uploader_uli, make_title(f"Title {number}", content_rating=rating), number)
    address = "/api/chapters?page_size=1&rating=safe&rating=suggestive"

    first = client_of(None).get(address)
    second = client_of(None).get(first.json()["next"])

    assert numbers(first) + numbers(second) == ["4", "3"]


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "AAAA", "é", "MjAyNi0wMS0wMSAx",
     make_cursor(datetime(1, 1, 1, tzinfo=UTC), 1).replace("A", "B"),
     "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMCAx", make_cursor(datetime(2026, 1, 1, tzinfo=UTC), 2**70)],
)  # fmt: skip
def test_a_cursor_that_is_not_ours_is_refused(cursor):
    answer = client_of(None).get(f"/api/chapters?cursor={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_cursor_from_long_ago_ends_the_list():
    cursor = make_cursor(datetime(1, 1, 1, tzinfo=UTC), 1)

    assert numbers(client_of(None).get(f"/api/chapters?cursor={cursor}")) == []


def test_a_broken_zip_opens_nobody_elses_chapter(series, uploader_uli, outsider_otto):
    upload = make_upload(uploader=uploader_uli, series=series, state="live", number=Decimal(7))
    Chapter.objects.update(publish_at=timezone.now() + timedelta(days=7))
    client, address = client_of(outsider_otto), f"/api/chapters/{upload.chapter_id}"
    before = client.get(address).status_code

    refused = post_zip(outsider_otto, series, b"no zip", number="7")

    assert (before, refused.status_code) == (404, 422)
    assert Upload.objects.get(pk=refused.json()["upload"]).chapter_id == upload.chapter_id
    assert client.get(address).status_code == 404
    assert numbers(client.get(f"/api/series/{series.slug}/chapters?scope=mine")) == []
    assert client.put(f"{address}/progress", {"page": 1, "changed_at": timezone.now()},
                      format="json").status_code == 404  # fmt: skip
    # What they sent themselves is on its own address.
    assert client.get(f"/api/uploads/{refused.json()['upload']}").status_code == 200
    assert len(client_of(uploader_uli).get(address).json()["pages"]) == 3
