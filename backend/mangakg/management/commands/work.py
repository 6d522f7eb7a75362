"""`manage.py work`: the embedded profile's worker."""

from typing import Any

from django.core.management.base import BaseCommand

from mangakg.worker import run_worker


class Command(BaseCommand):
    help = "Run the due background work until stopped (embedded profile)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGTERM."""
        run_worker()
