"""Plug-ins are found, those of installed packages too, and hold what the contract says."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from common.http.errors import NotFound
from sources import registry
from sources.contract import Can, Kind
from sources.models import SourceSettings
from sources.registry import all_sources, enabled_sources, find_source, problems_of

pytestmark = pytest.mark.same_everywhere
BACKEND = Path(__file__).resolve().parent.parent.parent
SHIPPED = ("anilist", "folder", "kitsu", "mangadex")
# What is known of the real limits; nobody is asked more than this.
MOST_PER_MINUTE = {"anilist": 30, "mangadex": 300, "mangadex.at-home": 40, "kitsu": 60}


@pytest.fixture
def _found_anew() -> Iterator[None]:
    all_sources.cache_clear()
    yield
    all_sources.cache_clear()


def test_the_shipped_sources_are_found_by_name():
    assert tuple(all_sources()) == SHIPPED
    assert all(find_source(name).name == name for name in SHIPPED)
    with pytest.raises(NotFound):
        find_source("nobody")


# --- Guards: each source that is registered -------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_a_source_declares_all(name):
    source = find_source(name)

    assert list(problems_of(source)) == []
    assert (source.__doc__ or "").strip()
    # Each address is a setting that can be set, and is told where operators look for it.
    told = (BACKEND / ".env.example").read_text()
    assert all(f"#{setting}=" in told for setting in source.addresses)
    assert source.addresses.keys() <= django_settings.SOURCE_ADDRESSES.keys()
    assert all(url.startswith("https://") for url in source.addresses.values() if url)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_source_asks_no_more_than_the_other_side_allows(name):
    for budget, limits in find_source(name).limits.items():
        known = MOST_PER_MINUTE.get(f"{name}.{budget}" if budget else name)
        per_minute = min(limit.calls * 60 / limit.seconds for limit in limits)
        assert per_minute <= (known or 600), budget


@pytest.mark.parametrize("name", SHIPPED)
def test_a_source_of_a_site_gives_credit_and_quotes_terms_for_chapters(name):
    source = find_source(name)

    if source.site_url:
        assert source.site_url.removeprefix("https://") in str(source.credits)
        assert bool(source.chapter_terms) == (Can.CHAPTERS in source.can)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_source_asks_for_no_kind_that_it_does_not_declare(name, settings, tmp_path):
    settings.SOURCE_ADDRESSES = {"SOURCE_FOLDER": str(tmp_path)}

    class Nobody:
        def request(self, *_: Any, **__: Any) -> Any:
            raise AssertionError("nobody is to be asked")

    source = find_source(name)(Nobody())

    for kind in set(Kind) - source.kinds:
        assert source.search("wolf", kind=kind) == []


@pytest.mark.django_db
def test_a_source_is_used_where_it_is_configured_and_not_switched_off(settings):
    settings.SOURCE_ADDRESSES = {}
    SourceSettings.objects.create(source="kitsu", is_enabled=False)

    assert list(enabled_sources()) == ["anilist", "mangadex"]  # the folder has no address

    settings.SOURCE_ADDRESSES = {"SOURCE_FOLDER": "/srv/archive"}
    assert list(enabled_sources()) == ["anilist", "folder", "mangadex"]


@pytest.mark.django_db
def test_chapters_are_on_where_no_terms_ask_for_a_decision(settings, client):
    settings.SOURCE_ADDRESSES = {"SOURCE_FOLDER": "/srv/archive"}

    listed = client.get("/api/sources").json()["results"]

    assert {one["name"] for one in listed if one["chapters_enabled"]} == {"folder"}


def test_an_operator_can_set_each_address(settings):
    settings.SOURCE_ADDRESSES = {"KITSU_API_URL": "https://mirror.example/api"}

    assert find_source("kitsu").address("KITSU_API_URL") == "https://mirror.example/api"
    settings.SOURCE_ADDRESSES = {"KITSU_API_URL": ""}
    assert find_source("kitsu").address("KITSU_API_URL") == "https://kitsu.io/api/edge"


# --- Installed packages ---------------------------------------------------------------------------

ORCHARD = """
from sources.contract import Can, FoundTitle, Kind, Limit, Source

class Orchard(Source):
    name = "orchard"
    label = "Orchard"
    site_url = "https://orchard.example"
    kinds = frozenset({Kind.COMIC})
    can = frozenset({Can.SEARCH, Can.DETAILS})
    addresses = {"ORCHARD_API_URL": "https://api.orchard.example"}
    limits = {"": [Limit(1, 1)]}

    def search(self, query, *, kind=None, adult=False):
        return [self.get_details("1")]

    def get_details(self, title_id):
        return FoundTitle(id=title_id, kind=Kind.COMIC, name="Apple")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: Any, _found_anew: None) -> Callable[..., None]:
    """Install a distribution with one module and its entry point, as pip leaves it."""

    def put(module: str, value: str = "Orchard") -> None:
        told = tmp_path / "orchard_source-1.0.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: orchard-source\nVersion: 1.0\n"
        )
        entry = f"[{registry.ENTRY_POINTS}]\norchard = orchard_source:{value}\n"
        (told / "entry_points.txt").write_text(entry)
        (tmp_path / "orchard_source.py").write_text(module)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "orchard_source", raising=False)

    return put


def test_a_source_of_an_installed_package_is_found(install):
    install(ORCHARD)

    source = find_source("orchard")

    assert source.is_configured()
    assert source(None).search("apple")[0].name == "Apple"
    assert source.address("ORCHARD_API_URL") == "https://api.orchard.example"
    call_command("check")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("Orchard = 7", "no class that implements"),
        ("import nothing_of_this_name", "cannot be imported"),
        ("", "cannot be imported"),
        (ORCHARD.replace("def search", "def look"), "no class that implements"),
        (ORCHARD.replace('"orchard"', '"anilist"'), "another source is called anilist"),
        (ORCHARD.replace('"orchard"', '"Сад"'), "its name is not"),
        (ORCHARD.replace('"orchard"', '"mangakg"'), "its name is not"),
        (ORCHARD.replace('    label = "Orchard"\n', ""), "does not declare label"),
        (ORCHARD.replace("Can.SEARCH, ", ""), "able to search"),
        (ORCHARD.replace("Can.DETAILS}", "Can.DETAILS, Can.CHAPTERS}"), "get_images"),
        (ORCHARD.replace("{Kind.COMIC}", "{'fruit'}"), "its kinds"),
        (ORCHARD.replace("Limit(1, 1)", ""), "its limits"),
        (ORCHARD.replace("Limit(1, 1)", "Limit(0, 1)"), "its limits"),
        (ORCHARD.replace('{"": [Limit(1, 1)]}', "{}"), "its limits have none"),
        (ORCHARD.replace("ORCHARD_API_URL", "api"), "are not settings"),
        (ORCHARD.replace("https://api.", "ftp://"), "not http addresses"),
        (ORCHARD.replace("https://orchard", "orchard"), "its site_url"),
    ],
)
def test_a_package_that_is_not_as_the_contract_says_stops_the_start(install, module, said):
    install(module)

    with pytest.raises(ImproperlyConfigured, match=said) as refused:
        all_sources()
    with pytest.raises(SystemCheckError):
        call_command("check")

    assert "orchard_source" in str(refused.value) or "orchard" in str(refused.value)
