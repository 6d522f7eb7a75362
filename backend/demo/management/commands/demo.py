"""`manage.py demo`: make the demo library (`demo.play`)."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.play import is_empty, make_demo_library


class Command(BaseCommand):
    help = "Make the demo library, with accounts whose passwords are public."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--if-empty`."""
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there are titles already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the missing parts of the demo; raises CommandError without MANGAKG_DEMO=1."""
        if not settings.DEMO:
            raise CommandError("The demo makes accounts with public passwords: set MANGAKG_DEMO=1.")
        if options["if_empty"] and not is_empty():
            return
        started = time.monotonic()
        self.stdout.write("Making the demo library ...")
        self.stdout.flush()
        logging.disable(logging.INFO)  # a log line for each step of each page would hide the result
        try:
            titles, chapters = make_demo_library()
        finally:
            logging.disable(logging.NOTSET)
        seconds = time.monotonic() - started
        self.stdout.write(f"{titles} titles and {chapters} uploads in {seconds:.1f} s")
