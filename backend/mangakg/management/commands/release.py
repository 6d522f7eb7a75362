"""`manage.py release`: bring the database up to date before new code serves."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from common.mail_folder import warn_without_mail_server

# Any number that nothing else in this database locks.
_LOCK = 5_067_204_311


class Command(BaseCommand):
    help = "Migrate; of several that start at once, one does it and the others wait."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate under a lock of the database."""
        warn_without_mail_server()
        if connection.vendor != "postgresql":
            call_command("migrate", interactive=False, verbosity=1)
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            try:
                call_command("migrate", interactive=False, verbosity=1)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
