"""A real SMTP server on loopback: tests read the mails, and can make it refuse or stop it."""

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, Self

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from accounts.emails import send_email
from tests.services import free_port


class MailServer:
    """Keeps mails in the order in which they come; with `refusal` it answers that instead."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusal = ""
        self.refuses_recipients = False
        self._controller = Controller(
            self, hostname="127.0.0.1", port=free_port(), ready_timeout=60
        )
        self.host, self.port = "127.0.0.1", self._controller.port

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        """Take a recipient."""
        if self.refusal and self.refuses_recipients:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail."""
        if self.refusal:
            return self.refusal
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        assert [mail["To"]] == envelope.rcpt_tos
        self.mails.append(mail)
        return "250 OK"

    def deliver(self) -> list[EmailMessage]:
        """Send the e-mails that wait as a worker does, and return the mails that came."""
        before = len(self.mails)
        for pk in list(send_email.due()):
            send_email.run(pk)
        return self.mails[before:]

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to an address."""
        return [mail for mail in self.mails if mail["To"] == address]


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    """Return the HTML of a mail."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def key_of(mail: EmailMessage, page: str = "confirm") -> str:
    """Return the key of the link to `page` in a mail."""
    found = re.search(rf"/{page}#(\S+)", text_of(mail))
    assert found, text_of(mail)
    return found[1]


@contextmanager
def mail_server(settings: Any) -> Iterator[MailServer]:
    """Start a server and have the site send through it."""
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield server


@pytest.fixture
def post_office(settings: Any) -> Iterator[MailServer]:
    """The server, for a test that asks for it."""
    with mail_server(settings) as server:
        yield server
