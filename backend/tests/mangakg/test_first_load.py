"""The scripts and styles that a first visit loads stay small and few, wherever it begins."""

import re

import pytest
from django.conf import settings

from common.discovery import declared
from mangakg.web_build import WebBuild, current_build

SCRIPTS, STYLES = re.compile(r'href="([^"]+\.js)"'), re.compile(r'href="([^"]+\.css)"')
# Brotli, as browsers get them; 1.6 Mbit/s need half a second for so much.
MOST_SCRIPT_BYTES = 100_000
MOST_STYLE_BYTES = 15_000
# Each costs a round trip, and browsers open six connections.
MOST_FILES = 13

pytestmark = pytest.mark.same_everywhere


@pytest.fixture(scope="module")
def build() -> WebBuild:
    found = current_build()
    assert found.files, "build the web app first: npm run build, in frontend"
    return found


def size(path: str) -> int:
    return (settings.FRONTEND_BUILD / f"{path[1:]}.br").stat().st_size


@pytest.mark.parametrize("language", ["en", "ky", "ru"])
def test_every_page_begins_with_few_small_files(language, build):
    heavy = {}
    for route in build.files["routes"]:
        page = build.with_screen(route=route, language=language, head="", body="")
        scripts, styles = set(SCRIPTS.findall(page)), set(STYLES.findall(page))
        assert scripts
        assert styles
        seen = (
            sum(map(size, scripts)), sum(map(size, styles)), len(scripts | styles),
        )  # fmt: skip
        most = (MOST_SCRIPT_BYTES, MOST_STYLE_BYTES, MOST_FILES)
        if any(one > limit for one, limit in zip(seen, most, strict=True)):
            heavy[route] = seen

    assert heavy == {}, "bytes of scripts and of styles, and files"


def test_every_page_names_the_scripts_of_its_own_screen(build):
    pages = [page for pages in declared("web_pages", "WEB_PAGES") for page in pages]

    assert [page.path for page in pages if page.route not in build.files["routes"]] == []
