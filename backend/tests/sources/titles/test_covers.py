"""Covers of other sites are fetched by a worker; what somebody here has set stays."""

import pytest
from django.core.files.base import ContentFile

from catalog.covers import remove_cover, set_cover
from catalog.models import Cover, CoverDraft, Title
from common.outbound.client import operators_client
from sources.models import CoverFetch
from sources.titles import covers
from sources.titles.covers import ask_for_cover, fetch_cover
from tests.cast import client_of, make_title
from tests.leftovers import find_leftovers
from tests.reader.archive_builders import page_bytes
from tests.sources.double import Double, Said, cloudflare, cut
from tracker.models import LibraryItem

pytestmark = pytest.mark.django_db


class Pictures(Double):
    """A site of pictures: each path has another one."""

    def answer(self, heard):
        if "gone" in heard.path:
            return Said(404, b"")
        if "page" in heard.path:
            return Said(200, b"<html>", {"Content-Type": "text/html"})
        if "lie" in heard.path:
            return Said(200, b"no picture", {"Content-Type": "image/png"})
        picture = page_bytes("png", (300, 420), seed=sum(heard.path.encode()))
        return Said(200, picture, {"Content-Type": "image/png"})


@pytest.fixture
def pictures(settings):
    settings.OUTBOUND_ALLOW_PRIVATE = True
    with Pictures() as double:
        yield double


def fetched(title, url, source="anilist"):
    """Have a cover fetched, and return the bytes of the title's cover."""
    ask_for_cover(title, url, source=source)
    return worked(title)


def worked(title):
    fetch_cover.run(title.pk)
    cover = Cover.objects.filter(title=title.pk).select_related("original").first()
    return cover and cover.original.name


def test_a_cover_is_fetched_once_and_replaced_until_somebody_sets_one(pictures, moderator_mo):
    title, other = make_title(), make_title("Other")

    first = fetched(title, f"{pictures.url}/1.png")
    again = fetched(title, f"{pictures.url}/1.png")
    second = fetched(title, f"{pictures.url}/2.png")
    asked = len(pictures.requests)
    set_cover(title, ContentFile(page_bytes("jpeg"), name="x.jpg"), moderator=moderator_mo)
    by_hand = fetched(title, f"{pictures.url}/3.png")
    # A moderator may be quicker than the worker.
    ask_for_cover(other, f"{pictures.url}/4.png", source="anilist")
    set_cover(other, ContentFile(page_bytes("jpeg"), name="x.jpg"), moderator=moderator_mo)
    race = worked(other)

    assert first == again and first != second and first.endswith(".png")
    assert asked == 2
    assert by_hand.endswith(".jpg") and race.endswith(".jpg")
    assert CoverFetch.objects.get(pk=other.pk).error_code == "kept"
    remove_cover(title, moderator=moderator_mo)
    assert fetched(title, f"{pictures.url}/5.png") is None, "it was removed, and stays so"
    assert client_of(None).get(f"/api/titles/{title.slug}").json()["cover"] is None
    assert find_leftovers() == []


@pytest.mark.parametrize(
    ("path", "code"),
    [("gone", "fetch_failed"), ("page", "fetch_refused"), ("lie", "bad_type")],
)
def test_what_is_no_picture_is_not_asked_for_again(path, code, pictures):
    title = make_title()

    assert fetched(title, f"{pictures.url}/{path}") is None
    assert worked(title) is None

    row = CoverFetch.objects.get()
    assert (row.is_done, row.error_code) == (True, code)
    assert len(pictures.requests) == 1


def test_a_site_that_fails_is_tried_again_a_few_times(pictures, monkeypatch):
    monkeypatch.setattr(covers, "outbound_client", lambda: operators_client(total_seconds=0.1))
    title = make_title()
    pictures.plan(cloudflare(), times=1)
    pictures.plan(cut(page_bytes("png"), "image/png"))
    fetched(title, f"{pictures.url}/1.png")
    waits = CoverFetch.objects.get()
    CoverFetch.objects.update(lease_until=None)

    then = worked(title)
    CoverFetch.objects.update(lease_until=None)
    last = then or worked(title)

    assert (waits.is_done, waits.attempts) == (False, 1)
    assert last is not None
    unlucky = make_title("Unlucky")
    pictures.plan(cloudflare(), times=9)
    for _attempt in range(3):
        fetched(unlucky, f"{pictures.url}/2.png")
        CoverFetch.objects.filter(pk=unlucky.pk).update(lease_until=None)
    assert CoverFetch.objects.get(pk=unlucky.pk).error_code == "fetch_failed"


def test_an_address_that_a_user_names_is_public_and_its_picture_private(
    pictures, reader_rina, outsider_otto, settings
):
    body = {"title": "My comic", "type": "comic", "cover_url": f"{pictures.url}/1.png"}
    settings.OUTBOUND_ALLOW_PRIVATE = False
    item = client_of(reader_rina).post("/api/library/items", body, format="json").json()
    title = Title.objects.get()
    worked(title)
    refused = CoverFetch.objects.get()
    settings.OUTBOUND_ALLOW_PRIVATE = True

    client_of(reader_rina).patch(
        f"/api/library/items/{item['id']}", {"cover_url": f"{pictures.url}/2.png"}, format="json"
    )
    fetch_cover.run(title.pk)

    assert (refused.error_code, len(pictures.requests)) == ("address_refused", 1)
    shown = client_of(reader_rina).get(f"/api/library/items/{item['id']}").json()["cover"]
    assert (shown["width"], shown["height"]) == (300, 420)
    assert client_of(None).get(shown["url"]).status_code == 200
    assert (Cover.objects.count(), CoverDraft.objects.count()) == (0, 1)
    public = make_title("Public")
    of_otto = {"title_id": public.pk, "cover_url": f"{pictures.url}/3.png"}
    client_of(outsider_otto).post("/api/library/items", of_otto, format="json")
    assert not CoverFetch.objects.filter(pk=public.pk).exists()
    assert LibraryItem.objects.count() == 2
    assert find_leftovers() == []
