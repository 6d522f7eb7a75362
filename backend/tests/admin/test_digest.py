"""The email to moderators, through a real SMTP server on this machine."""

import pytest

from accounts.models import OutgoingEmail, User
from accounts.roles.bans import ban_user
from common.models import Pause
from reader.models import Upload
from reader.publication.digest import queue_moderator_digest
from reader.states import UploadState
from tests.cast import make_upload, make_user
from tests.smtp import html_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _daily(settings):
    settings.MODERATOR_DIGEST_HOURS = 24


def test_moderators_are_told_what_waits(post_office, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli)

    assert queue_moderator_digest() == 1

    [mail] = post_office.deliver()
    assert mail["To"] == "mo@example.test"
    assert mail["Subject"] == "[MangaKG] 1 chapter waits for review"
    assert f"{upload.chapter}, by uli, 3 p." in text_of(mail)
    assert "/admin/reader/upload/review/" in text_of(mail)
    assert '/admin/reader/upload/review/" style' in html_of(mail)


def test_each_is_told_in_their_language(post_office, moderator_mo, uploader_uli):
    User.objects.filter(pk=moderator_mo.pk).update(language="ru")
    make_upload(uploader=uploader_uli)
    queue_moderator_digest()

    [mail] = post_office.deliver()

    assert "1 глава ждёт проверки" in mail["Subject"]


def test_it_is_off_unless_asked_for(settings, moderator_mo, uploader_uli):
    settings.MODERATOR_DIGEST_HOURS = None
    make_upload(uploader=uploader_uli)

    assert queue_moderator_digest() == 0
    assert not OutgoingEmail.objects.exists()


def test_an_empty_queue_is_no_news(moderator_mo, uploader_uli):
    assert queue_moderator_digest() == 0
    assert not Pause.objects.exists()


def test_it_comes_once_in_the_time_set(moderator_mo, uploader_uli):
    make_upload(uploader=uploader_uli)

    assert [queue_moderator_digest(), queue_moderator_digest()] == [1, 0]


def test_it_tells_what_waits_when_it_is_sent(post_office, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli)
    queue_moderator_digest()
    Upload.objects.filter(pk=upload.pk).update(state=UploadState.REJECTED)

    assert post_office.deliver() == []


def test_who_is_no_moderator_any_more_is_not_told(
    post_office, moderator_mo, moderator_max, admin_aida, uploader_uli
):
    make_upload(uploader=uploader_uli)
    queue_moderator_digest()
    moderator_mo.groups.clear()
    ban_user(moderator_max, moderator=admin_aida, reason="x")

    assert [mail["To"] for mail in post_office.deliver()] == ["aida@example.test"]


def test_only_confirmed_addresses_of_those_who_may_decide(
    post_office, moderator_mo, moderator_max, admin_aida, uploader_uli
):
    make_user("ulan", "moderator", confirmed=False)
    ban_user(moderator_max, moderator=admin_aida, reason="x")
    make_upload(uploader=uploader_uli)

    queue_moderator_digest()

    told = {mail["To"] for mail in post_office.deliver()}
    assert told == {"mo@example.test", "aida@example.test"}
