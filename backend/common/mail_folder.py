"""Without a mail server, e-mails are written as `.eml` files into one folder."""

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

log = structlog.get_logger(__name__)

_numbers = itertools.count(1)


def warn_without_mail_server() -> None:
    """Log, as a process of the services profile starts, that e-mails will not be delivered."""
    if hasattr(settings, "EMAIL_FILE_PATH"):
        log.warning("mail.no_server", folder=str(settings.EMAIL_FILE_PATH), missing="EMAIL_HOST")


class MailFolder(BaseEmailBackend):
    """Writes to `EMAIL_FILE_PATH` and logs the file, so that the link in it can be found."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Write each e-mail, whole or not at all, readable only by the owner of the process."""
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in messages:
            time = timezone.now().strftime("%Y%m%d-%H%M%S-%f")  # sorted by name is sorted by time
            file = folder / f"{time}-{os.getpid()}-{next(_numbers)}.eml"
            draft = file.with_suffix(".part")
            draft.touch(mode=0o600)
            draft.write_bytes(message.message().as_bytes())
            draft.replace(file)
            log.info("mail.written", file=str(file))
        return len(messages)
