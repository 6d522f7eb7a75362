"""Pages of the web app come with their data, head and first screen, alike for whoever asks."""

import json
import re
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts.auth.sessions import open_session
from catalog.choices import Kind, Moderation
from catalog.models import OldSlug, Title
from common.http.shared_cache import invalidate_cached_views
from tests.cast import make_title, make_upload

PAGE = """<!doctype html><html lang="en"><head><!-- head -->
<link href="/_app/start.js" rel="modulepreload"><link href="/_app/app.css" rel="stylesheet"></head>
<body><!-- first paint --><div class="app"></div></body></html>"""
PRELOADS = {
    "routes": {"/series/[slug]": ["/_app/series.js"]},
    "languages": {"ky": ["/_app/ky.js"]},
    "fonts": {"ky": ["/_app/kyrgyz.woff2"]},
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def built(settings, tmp_path):
    """A web app that is built."""
    settings.FRONTEND_BUILD = settings.WHITENOISE_ROOT = tmp_path
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "preloads.json").write_text(json.dumps(PRELOADS))


@pytest.fixture
def chapter(uploader_uli):
    """A public chapter of a public series."""
    series = make_title(
        "Manas", synopsis={"en": "A khan.", "ky": "Каныкей."}, original_language="ky"
    )
    return make_upload(uploader=uploader_uli, series=series, state="live", language="ky").chapter


def ask(path: str, client: Client | None = None, **headers: str) -> Any:
    return (client or Client()).get(path, HTTP_ACCEPT_LANGUAGE="ky", **headers)


@pytest.fixture
def change(chapter, django_capture_on_commit_callbacks):
    """Change the title in the way of every story that changes what anybody sees."""

    def changed(**columns: Any) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            Title.objects.filter(pk=chapter.series_id).update(**columns)
            invalidate_cached_views("titles")

    return changed


def data_of(page: Any) -> dict[str, Any]:
    found = re.search(r'id="first-data">(.*?)</script>', page.content.decode())
    return json.loads(found[1]) if found else {}


# --- What it holds ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "addresses"),
    [
        ("/", 3),
        ("/browse", 1),
        ("/browse?kind=manga&kind=manhwa&search=manas&utm=x", 1),
        ("/series/{slug}", 2),
        ("/read/{chapter}", 2),
        ("/movies/{film}", 1),
        ("/browse?kind=movie", 1),
        ("/titles/p-1", 0),
        ("/movies/new", 0),
        ("/me", 0),
        ("/series/{slug}?utm=x", 2),
    ],
)
def test_a_page_holds_what_the_api_answers_anybody(path, addresses, chapter):
    film = make_title("Kojojash", kind=Kind.MOVIE, slug="kojojash").slug
    page = ask(path.format(slug=chapter.series.slug, chapter=chapter.pk, film=film))

    data = data_of(page)
    assert page.status_code == 200
    assert len(data) == addresses
    assert {address: Client().get(address).json() for address in data} == data


def test_addresses_are_those_that_the_app_asks_for(chapter):
    slug = chapter.series.slug
    shown = "rating=safe&rating=suggestive"

    addresses = [*data_of(ask("/")), *data_of(ask("/browse?ordering=title&kind=manga"))]
    addresses += data_of(ask(f"/series/{slug}"))

    assert addresses[:4] == [
        f"/api/chapters?language=ky&{shown}",
        *(
            f"/api/series?{shown}&chapter_language=ky&ordering={ordering}&page_size=12"
            for ordering in ("popular", "newest")
        ),
        f"/api/series?kind=manga&{shown}&chapter_language=ky&ordering=title",
    ]
    assert addresses[4] == f"/api/series/{slug}"
    assert addresses[5].endswith("ordering=newest&page_size=100")


def test_a_page_is_the_same_for_whoever_asks(chapter, reader_rina, moderator_mo):
    hidden = make_title("Hidden", moderation=Moderation.PENDING, slug="hidden")
    paths = ["/", "/browse", f"/series/{chapter.series.slug}", f"/series/{hidden.slug}"]

    seen = []
    for user in (None, reader_rina, moderator_mo):
        client = Client()
        headers = {}
        if user is not None:
            client.force_login(user)
            headers["HTTP_AUTHORIZATION"] = f"Bearer {open_session(user).access_token}"
        answers = [ask(path, client, **headers) for path in paths]
        assert not any(answer.cookies for answer in answers)
        seen.append([(answer.status_code, answer.content, answer["ETag"]) for answer in answers])

    assert seen[0] == seen[1] == seen[2]
    assert [status for status, _body, _etag in seen[0]] == [200, 200, 200, 404]


@pytest.mark.parametrize("moderation", [Moderation.PENDING, Moderation.UNLISTED])
def test_what_is_not_public_is_not_found_and_told_nothing_of(moderation, chapter, change):
    ask(f"/series/{chapter.series.slug}")
    change(moderation=moderation)

    pages = [ask(f"/series/{chapter.series.slug}"), ask(f"/read/{chapter.pk}")]

    for page in pages:
        assert (page.status_code, data_of(page)) == (404, {})
        assert b"Manas" not in page.content


def test_a_name_cannot_end_the_data(chapter, change):
    name = "</script><script>alert(1)</script><!--\u2028"
    change(name=name)

    page = ask(f"/series/{chapter.series.slug}")

    text = page.content.decode()
    assert data_of(page)[f"/api/series/{chapter.series.slug}"]["name"] == name
    assert "<script>alert" not in text and "\u2028" not in text.split('id="first-data"')[1]


def test_who_asks_too_often_is_answered_a_page_without_data(chapter, settings):
    settings.THROTTLES = settings.THROTTLES | {"anon": (1, 3600)}

    pages = [ask("/"), ask("/browse")]

    assert [bool(data_of(page)) for page in pages] == [True, False]
    assert [page.status_code for page in pages] == [200, 200]


def test_without_a_database_the_app_still_comes(monkeypatch):
    def break_down(view, request, **place):
        raise DatabaseError

    monkeypatch.setattr("accounts.api.cached_views.CachedView.answer_anybody", break_down)

    page = ask("/")

    assert (page.status_code, data_of(page)) == (200, {})
    assert b'class="app"' in page.content


# --- Once built, it is stored -------------------------------------------------------------------


def test_it_is_built_once_and_known_until_something_changes(
    chapter, change, django_assert_num_queries
):
    path = f"/series/{chapter.series.slug}"
    first = ask(path)
    with django_assert_num_queries(0):
        again = ask(path)
        known = ask(path, HTTP_IF_NONE_MATCH=first["ETag"])
    change(name="Semetey")

    changed = ask(path, HTTP_IF_NONE_MATCH=first["ETag"])

    assert again.content == first.content
    assert (known.status_code, known.content) == (304, b"")
    assert changed.status_code == 200
    assert "Semetey" in changed.content.decode()


def test_it_comes_compressed_to_who_accepts_it(chapter):
    plain, small = (ask("/", HTTP_ACCEPT_ENCODING=one) for one in ("identity", "gzip, br"))

    assert small["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain
    assert len(small.content) < len(plain.content)
    assert small["ETag"] == plain["ETag"]
    assert {"Accept-Encoding", "Accept-Language", "Cookie"} <= set(plain["Vary"].split(", "))


def test_an_old_slug_leads_to_the_new_one(chapter):
    OldSlug.objects.create(slug="er-manas", title_id=chapter.series_id)

    page = ask("/series/er-manas")

    assert (page.status_code, page["Location"]) == (301, f"/series/{chapter.series.slug}")


# --- What is seen without JavaScript ------------------------------------------------------------


def test_a_series_has_a_head_in_the_readers_language(chapter, settings):
    settings.SITE_URL = "https://manga.example"
    page = ask(f"/series/{chapter.series.slug}").content.decode()

    address = f"https://manga.example/series/{chapter.series.slug}"
    facts = json.loads(page.partition('ld+json">')[2].partition("</script>")[0])
    assert '<html lang="ky"' in page
    assert "<title>Manas · MangaKG</title>" in page
    assert f'<link rel="canonical" href="{address}">' in page
    assert '<meta name="description" content="Каныкей.">' in page
    assert '<meta property="og:locale" content="ky_KG">' in page
    assert (facts["@type"], facts["name"], facts["url"]) == ("ComicSeries", "Manas", address)
    assert "<noscript>" in page


def test_first_links_are_plain_html(chapter):
    home, series, read = (
        ask(path).content.decode()
        for path in ("/", f"/series/{chapter.series.slug}", f"/read/{chapter.pk}")
    )

    assert f'href="/read/{chapter.pk}"' in home and f'href="/read/{chapter.pk}"' in series
    assert f'href="/series/{chapter.series.slug}"' in home
    assert "<h1>Manas</h1>" in series
    # Readers without JavaScript turn no pages: they have all of them at once.
    pages = read[read.index("</h1>") : read.index("first-data")]
    assert pages.count('loading="lazy"') == chapter.page_count


def test_files_of_the_page_and_the_language_are_loaded_early_and_styles_first(chapter):
    page = ask(f"/series/{chapter.series.slug}").content.decode()

    order = [
        page.index(one) for one in ("/_app/app.css", "/_app/start.js", "kyrgyz.woff2", "ky.js")
    ]
    assert order == sorted(order)
    assert '<link rel="modulepreload" href="/_app/series.js">' in page
