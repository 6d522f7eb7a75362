"""`manage.py up`: bring the database up to date, then serve until Ctrl-C."""

import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from mangakg.static_files import collect_static_files
from mangakg.supervisor import serve, take_over


class Command(BaseCommand):
    help = "Set up and serve MangaKG in the embedded profile."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, collect static files, make the demo library if there is none, serve."""
        lock = take_over()
        if lock is None:
            raise CommandError(f"MangaKG runs already in {settings.DATA_FOLDER}. Stop it first.")
        with lock:
            call_command("migrate", interactive=False, verbosity=0)
            collect_static_files()
            if settings.DEMO:
                call_command("demo", if_empty=True)
            self.stdout.write(self._greeting())
            self.stdout.flush()
            sys.exit(serve())

    def _greeting(self) -> str:
        site = settings.LOCAL_URL
        lines = [
            f"MangaKG is at   {site}",
            f"  admin         {site}/admin/",
            f"  API           {site}/api/docs",
            f"  files and database are in {settings.DATA_FOLDER}",
        ]
        if hasattr(settings, "EMAIL_FILE_PATH"):  # no mail server is set
            lines.append(f"  e-mails       are files in {settings.EMAIL_FILE_PATH}")
        if settings.DEMO:
            lines.append(
                "  accounts      demo, uploader, moderator, admin - each with password demo1234"
            )
        lines.append("Stop with Ctrl-C.")
        return "\n".join(lines)
