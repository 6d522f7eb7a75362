"""`manage.py web`: the web server alone, for the services profile."""

import os
from typing import Any

from django.core.management.base import BaseCommand

from common.mail_folder import warn_without_mail_server
from mangakg.supervisor import web_command


class Command(BaseCommand):
    help = "Serve HTTP until stopped (services profile); workers and beat run beside it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Become granian, so that signals reach it."""
        warn_without_mail_server()
        command = web_command()
        os.execv(command[0], command)  # noqa: S606 (every part of the command is ours)
