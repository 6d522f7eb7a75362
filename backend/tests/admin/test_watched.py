"""Movies, anime and shows in the admin, and the titles that are proposed."""

import pytest

from catalog.models import Cover, CoverDraft, Credit, Movie, Person, Screenshot, Show, Title
from tests.admin.test_titles import ALIASES, NO_ROWS, picture
from tests.cast import client_of, make_title

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
MOVIES = "/admin/catalog/movie/"


def form_of(**words: str) -> dict[str, str]:
    """The form of a movie as a browser sends it."""
    form = {
        "name": "Ак кеме", "original_name": "", "status": "completed", "content_rating": "safe",
        "year": "1975", "original_language": "ky", "duration_minutes": "83", "trailers": "",
        "site_url": "", "format": "", "anilist_id": "", "mal_id": "", "mangadex_id": "",
        "synopsis_en": "", "synopsis_ky": "", "synopsis_ru": "",
    }  # fmt: skip
    for prefix in (ALIASES, "credits"):
        form |= {f"{prefix}-{name}": value for name, value in NO_ROWS.items()}
    return form | words


def test_a_movie_is_entered_with_its_cast_in_order_and_its_trailers(log_in, moderator_mo):
    people = [Person.objects.create(name=name, slug=name.lower()) for name in ("Boy", "Director")]
    rows = {
        "credits-TOTAL_FORMS": "2",
        "credits-0-person": str(people[0].pk), "credits-0-role": "cast",
        "credits-0-part": "The boy", "credits-0-position": "1",
        "credits-1-person": str(people[1].pk), "credits-1-role": "director",
        "credits-1-part": "", "credits-1-position": "",
    }  # fmt: skip
    browser = log_in(moderator_mo)

    browser.post(f"{MOVIES}add/", form_of(trailers="youtu.be/abcdefghijk\r\n", **rows))
    movie = Movie.objects.get()
    unchanged = browser.post(
        f"{MOVIES}{movie.pk}/change/",
        form_of(trailers="https://www.youtube.com/watch?v=abcdefghijk"),
    )

    assert (movie.kind, movie.moderation, movie.created_by) == ("movie", "draft", moderator_mo)
    assert [trailer["id"] for trailer in movie.trailers] == ["abcdefghijk"]
    assert unchanged.status_code == 302
    order = Credit.objects.order_by("position").values_list("person__name", "part")
    assert list(order) == [("Director", ""), ("Boy", "The boy")]


def test_a_trailer_that_is_none_is_refused(log_in, moderator_mo):
    answer = log_in(moderator_mo).post(f"{MOVIES}add/", form_of(trailers="https://evil.test/x"))

    assert "is no video on a site that is known here" in answer.content.decode()
    assert not Title.objects.exists()


def test_seasons_and_episodes_are_of_shows(log_in, moderator_mo):
    browser = log_in(moderator_mo)

    browser.post("/admin/catalog/show/add/", form_of(season_count="2", length="16"))
    fields = browser.get(f"{MOVIES}add/").context["adminform"].form.fields

    show = Show.objects.get()
    assert (show.kind, show.season_count, show.length) == ("show", 2, 16)
    assert not {"season_count", "length", "kind", "direction"} & set(fields)


def test_a_proposal_is_in_the_queue_and_decided_on_its_page(log_in, moderator_mo, reader_rina):
    author = client_of(reader_rina)
    good = author.post("/api/movies", {"name": "Good", "poster": picture()}).json()["id"]
    bad = author.post("/api/movies", {"name": "Bad", "poster": picture("#112233")}).json()["id"]
    browser = log_in(moderator_mo)

    index = browser.get("/admin/").content.decode()
    queue = browser.get("/admin/catalog/title/?moderation__exact=pending")
    page = browser.get(f"/admin/catalog/title/{good}/change/", follow=True)
    browser.post(f"{MOVIES}{good}/decide/", {"decision": "publish"})
    browser.post(f"{MOVIES}{bad}/decide/", {"decision": "reject", "reason": "No such movie."})

    assert "titles are proposed" in index
    assert {title.pk for title in queue.context["cl"].result_list} == {good, bad}
    assert page.request["PATH_INFO"] == f"{MOVIES}{good}/change/"
    assert page.context["shown_cover"]["url"].startswith("/files/covers/")
    assert dict(Title.objects.values_list("pk", "moderation")) == {
        good: "approved", bad: "rejected",
    }  # fmt: skip
    assert list(CoverDraft.objects.values_list("title", "is_approved")) == [(good, True)]


def test_a_cover_and_screenshots_are_set_ordered_and_removed(log_in, moderator_mo):
    movie = make_title("Ак кеме", kind="movie")
    browser, address = log_in(moderator_mo), f"{MOVIES}{movie.pk}/"

    browser.post(f"{address}cover/", {"cover": picture()})
    browser.post(f"{address}screenshots/", {"screenshots": [picture("#111111"), picture()]})
    one, two = Screenshot.objects.order_by("position").values_list("pk", flat=True)
    page = browser.get(f"{address}change/").content.decode()
    browser.post(f"{address}screenshots/", {f"place-{one}": "2", f"place-{two}": "1"})
    swapped = list(Screenshot.objects.order_by("position").values_list("pk", flat=True))
    browser.post(f"{address}screenshots/", {"remove": [one], f"place-{two}": "1"})

    assert f'name="place-{one}"' in page
    assert swapped == [two, one]
    assert list(Screenshot.objects.values_list("pk", flat=True)) == [two]
    assert Cover.objects.get().title_id == movie.pk
