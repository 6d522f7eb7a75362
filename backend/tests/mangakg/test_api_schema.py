"""/api/schema: in each language and format, written once."""

import json
from typing import Any

import pytest
import yaml
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts.auth.sessions import REUSE_SECONDS
from mangakg import api_schema

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
RUSSIAN = {"HTTP_ACCEPT_LANGUAGE": "ru"}


@pytest.fixture
def written(monkeypatch):
    """One entry for each time that the schema is put together."""
    times: list[object] = []
    get_schema = SchemaGenerator.get_schema

    def counted(generator, **options):
        times.append(options)
        return get_schema(generator, **options)

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    api_schema.write_schema.cache_clear()
    yield times
    api_schema.write_schema.cache_clear()


def ask(query: str = "", **headers: str):
    answer = Client().get(f"/api/schema{query}", **headers)
    assert answer.status_code == 200
    return answer


def as_generated() -> Any:
    """Return the schema as JSON tells it; that the committed one is it, is guarded elsewhere."""
    return json.loads(json.dumps(SchemaGenerator().get_schema(public=True), default=str))


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "*/*", "application/vnd.oai.openapi"),
        ("?format=json", "*/*", "application/vnd.oai.openapi+json"),
        ("", "application/json", "application/json"),
        ("", "application/yaml", "application/yaml"),
    ],
)
def test_it_comes_in_the_format_that_is_asked_for(query, accept, media_type):
    answer = ask(query, HTTP_ACCEPT=accept)

    assert answer["Content-Type"] == media_type
    is_json = "json" in media_type
    suffix = "json" if is_json else "yaml"
    assert answer["Content-Disposition"] == f'inline; filename="MangaKG.{suffix}"'
    read = json.loads(answer.content) if is_json else yaml.safe_load(answer.content)
    assert read == as_generated()


def test_it_comes_in_the_readers_language():
    english, russian = ask(), ask(**RUSSIAN)

    assert "Empty for a one-shot." in english.content.decode()
    assert "Empty for a one-shot." not in russian.content.decode()
    assert ask("?lang=ru").content == russian.content


def test_it_is_written_once_for_each_language_and_format(written):
    for _time in range(3):
        ask()
        ask(**RUSSIAN)
        ask("?format=json")

    assert len(written) == 3


def test_what_is_no_language_of_ours_costs_nothing(written):
    for words in ("?lang=xx", "?lang=../ru", "?lang=", "?version=7", "?lang=en"):
        assert ask(words).content == ask().content

    assert len(written) == 1


def test_it_tells_that_a_body_may_stall_and_a_refresh_be_repeated():
    paths = as_generated()["paths"]

    assert "408" in paths["/api/series/{id_or_slug}/chapters"]["post"]["responses"]
    assert "408" not in paths["/api/series/{id_or_slug}/chapters"]["get"]["responses"]
    assert f"{REUSE_SECONDS} seconds" in paths["/api/auth/refresh"]["post"]["description"]
