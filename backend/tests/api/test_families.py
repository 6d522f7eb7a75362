"""Cached bodies are forgotten by family: those that a change is in, and no others."""

import re
from pathlib import Path

import pytest

from accounts.api.cached_views import CachedView
from catalog.models import Tag
from catalog.vocabulary import record_vocabulary_edit
from common.discovery import own_apps
from reader.models import Chapter
from reader.publication.edits import record_group_edit
from reader.reading.chapters import find_or_create_group
from tests.cast import client_of, make_title, make_upload_row

pytestmark = pytest.mark.django_db


def cached_views():
    found, waiting = set(), [CachedView]
    while waiting:
        below = waiting.pop().__subclasses__()
        found.update(below)
        waiting += below
    return found


@pytest.mark.same_everywhere
def test_views_and_stories_name_the_same_families():
    named = {family for view in cached_views() for family in getattr(view, "families", ())}
    told = set()
    for app in own_apps():
        for file in Path(app.path).rglob("*.py"):
            for call in re.findall(r"invalidate_cached_views\(([^)]*)\)", file.read_text()):
                told.update(re.findall(r'"(\w+)"', call))

    assert named == told


def test_a_change_forgets_its_own_family_and_no_other(
    uploader_uli, moderator_mo, django_capture_on_commit_callbacks
):
    make_upload_row(uploader=uploader_uli, series=make_title(), pages=0)
    tag = Tag.objects.create(slug="swords", name={"en": "Swords"})
    group = find_or_create_group("Steppe")
    paths = ("/api/titles", "/api/chapters", "/api/tags")

    def counted():
        return [len(client_of(None).get(path).json()["results"]) for path in paths]

    assert counted() == [1, 1, 1]
    # Behind the back of the stories, so that only what is built anew shows it.
    Chapter.objects.all().update(live_upload=None)
    with django_capture_on_commit_callbacks(execute=True):
        Tag.objects.create(slug="khans")
        record_vocabulary_edit(tag, editor=moderator_mo, changed=["name"])
    assert counted() == [1, 0, 2], "chapters name their series, so they go with the titles"

    Tag.objects.create(slug="horses")
    with django_capture_on_commit_callbacks(execute=True):
        record_group_edit(group, editor=moderator_mo, changed=["name"])
    assert counted() == [1, 0, 2]
