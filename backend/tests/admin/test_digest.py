"""The mail to moderators, through a real SMTP server on this machine."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

import pytest
from aiosmtpd.controller import Controller

from accounts.roles.bans import ban_user
from reader.publication.digest import send_moderator_digest
from tests.cast import make_upload, make_user
from tests.services import free_port

pytestmark = pytest.mark.django_db


class Mailbox:
    """Keeps what it is handed; refuses while `is_broken`."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Message]] = []
        self.is_broken = False

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.is_broken:
            return "451 later"
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 kept"


@pytest.fixture
def mailbox(settings):
    box = Mailbox()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=60)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.MODERATOR_DIGEST_HOURS = 24
    yield box
    server.stop()


def test_moderators_are_told_what_waits(mailbox, moderator_mo, uploader_uli):
    upload = make_upload(uploader=uploader_uli)

    assert send_moderator_digest() == 1

    [(recipients, mail)] = mailbox.mails
    text = mail.get_payload(decode=True).decode()
    assert recipients == ["mo@example.test"]
    assert "1 chapter waits for review" in str(make_header(decode_header(mail["Subject"])))
    assert f"{upload.chapter}, by uli, 3 p." in text
    assert "/admin/reader/upload/review/" in text


def test_it_is_off_unless_asked_for(mailbox, settings, moderator_mo, uploader_uli):
    settings.MODERATOR_DIGEST_HOURS = None
    make_upload(uploader=uploader_uli)

    assert send_moderator_digest() == 0
    assert mailbox.mails == []


def test_an_empty_queue_is_no_news(mailbox, moderator_mo):
    assert send_moderator_digest() == 0


def test_it_comes_once_in_the_time_set(mailbox, moderator_mo, uploader_uli):
    make_upload(uploader=uploader_uli)

    assert [send_moderator_digest(), send_moderator_digest()] == [1, 0]


def test_a_mail_that_was_not_taken_is_tried_again(mailbox, moderator_mo, uploader_uli):
    make_upload(uploader=uploader_uli)
    mailbox.is_broken = True
    with pytest.raises(OSError, match="451"):
        send_moderator_digest()
    mailbox.is_broken = False

    assert send_moderator_digest() == 1


def test_only_confirmed_addresses_of_those_who_may_decide(
    mailbox, moderator_mo, moderator_max, admin_aida, uploader_uli
):
    make_user("ulan", "moderator", confirmed=False)
    ban_user(moderator_max, moderator=admin_aida, reason="x")
    make_upload(uploader=uploader_uli)

    send_moderator_digest()

    told = {recipient for recipients, _mail in mailbox.mails for recipient in recipients}
    assert told == {"mo@example.test", "aida@example.test"}
