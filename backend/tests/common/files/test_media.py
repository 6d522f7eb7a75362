"""Public files: stored once, held, released, swept."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import transaction
from django.utils import timezone

from catalog.models import Cover
from common.files.media import (
    hold_media,
    media_url,
    name_digest,
    release_media,
    store_media,
    sweep_media,
    sweep_unreferenced_media,
)
from common.files.storages import list_names, media_storage
from common.models import MediaFile
from common.outbound.client import FetchFailed
from tests.cast import make_title

pytestmark = pytest.mark.django_db
PICTURE = b"a picture"


@pytest.fixture
def stored():
    return store_media(PICTURE, "image/png")


def use(file: MediaFile) -> Cover:
    with transaction.atomic():
        assert hold_media({file.pk})
        return Cover.objects.create(
            title=make_title(), original=file, width=1, height=1, color="#000000"
        )


def test_a_name_is_told_by_nobody_without_the_key(stored, settings):
    assert stored.name == f"{name_digest(PICTURE)[:2]}/{name_digest(PICTURE)}.png"

    settings.MEDIA_NAME_KEY = "another key of thirty-two characters"

    assert name_digest(PICTURE) not in stored.name


def test_the_same_bytes_are_stored_once(stored):
    assert store_media(PICTURE, "image/png") == stored
    assert list_names(media_storage(), "") == [stored.name]


def test_a_file_that_is_used_is_not_swept(stored):
    use(stored)

    assert sweep_media(older_than=timedelta(0)) == 0

    stored.refresh_from_db()
    assert stored.unreferenced_since is None


def test_a_fresh_file_is_left_to_its_publisher(stored):
    assert sweep_unreferenced_media() == 0

    MediaFile.objects.update(unreferenced_since=timezone.now() - timedelta(hours=1, minutes=1))

    assert sweep_unreferenced_media() == 1
    assert list_names(media_storage(), "") == []
    assert not MediaFile.objects.exists()


def test_storing_again_renews_the_lease(stored):
    MediaFile.objects.update(unreferenced_since=timezone.now() - timedelta(days=1))

    store_media(PICTURE, "image/png")

    assert sweep_unreferenced_media() == 0


def test_storing_again_brings_a_lost_file_back(stored):
    media_storage().delete(stored.name)

    store_media(PICTURE, "image/png")

    assert media_storage().exists(stored.name)


def test_a_released_file_goes_after_an_hour(stored):
    cover = use(stored)
    cover.delete()
    with transaction.atomic():
        release_media([stored.pk])
    assert sweep_unreferenced_media() == 0

    MediaFile.objects.update(unreferenced_since=timezone.now() - timedelta(hours=1, minutes=1))

    assert sweep_unreferenced_media() == 1


def test_a_released_file_that_others_use_stays(stored):
    use(stored)

    with transaction.atomic():
        release_media([stored.pk])

    stored.refresh_from_db()
    assert stored.unreferenced_since is None


def test_what_was_swept_cannot_be_held(stored):
    sweep_media(older_than=timedelta(0))

    with transaction.atomic():
        assert hold_media({stored.pk}) is False


def test_a_mark_on_a_file_that_is_used_is_taken_away(stored):
    use(stored)
    MediaFile.objects.update(unreferenced_since=timezone.now() - timedelta(days=1))

    sweep_unreferenced_media()

    stored.refresh_from_db()
    assert stored.unreferenced_since is None
    assert media_storage().exists(stored.name)


def test_only_the_files_asked_for_are_swept_at_once(stored):
    other = store_media(b"another picture", "image/png")

    assert sweep_media(older_than=timedelta(0), ids=[stored.pk]) == 1

    assert list_names(media_storage(), "") == [other.name]


@pytest.fixture
def cdn(settings):
    """A CDN's hook that takes what is sent to it."""
    heard: list[object] = []
    status = [200]

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.CDN_PURGE_URL = f"http://127.0.0.1:{server.server_port}/purge"
    yield heard, status
    server.shutdown()


def test_the_cdn_is_told_what_is_gone(stored, cdn):
    sweep_media(older_than=timedelta(0))

    assert cdn[0] == [{"urls": [media_url(stored.name)]}]


def test_a_cdn_that_fails_is_told_again(stored, cdn):
    heard, status = cdn
    status[0] = 500
    with pytest.raises(FetchFailed):
        sweep_media(older_than=timedelta(0))
    status[0] = 200

    sweep_unreferenced_media()

    assert len(heard) == 2
    assert not MediaFile.objects.exists()


def test_a_file_of_a_failed_sweep_is_stored_again(stored, cdn):
    _heard, status = cdn
    status[0] = 500
    with pytest.raises(FetchFailed):
        sweep_media(older_than=timedelta(0))
    with transaction.atomic():
        assert hold_media({stored.pk}) is False

    again = store_media(PICTURE, "image/png")

    with transaction.atomic():
        assert hold_media({again.pk})
    assert media_storage().exists(again.name)
