"""`manage.py recount_libraries`: compare all counters of libraries with what is in them."""

from typing import Any

from django.core.management.base import BaseCommand

from tracker.library.counters import recount_library
from tracker.models import LibraryItem


class Command(BaseCommand):
    help = "Counts every library anew, and mends the counters that were wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        """Count one library after the other, each in a transaction of its own."""
        last, seen, mended = 0, 0, 0
        while True:
            later = LibraryItem.objects.filter(user__gt=last).order_by("user")
            user_id = later.values_list("user_id", flat=True).first()
            if user_id is None:
                break
            mended += recount_library(user_id)
            last, seen = user_id, seen + 1
        self.stdout.write(f"{seen} libraries, {mended} of them mended")
