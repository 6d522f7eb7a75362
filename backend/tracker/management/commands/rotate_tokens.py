"""`manage.py rotate_tokens`: seal people's tokens with the first of TOKEN_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tracker.anilist.tokens import CannotOpen, seal_anew
from tracker.models import AniListAccount

_AT_ONCE = 500


class Command(BaseCommand):
    help = (
        "Seals people's tokens for AniList anew, with the first of TOKEN_KEYS. After it the other "
        "keys are not needed any more. It can be stopped, and run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal them, some at a time; what changes meanwhile is sealed by the first key anyway."""
        sealed, closed, last = 0, 0, 0
        rows = AniListAccount.objects.order_by("pk")
        while accounts := rows.filter(pk__gt=last)[:_AT_ONCE]:
            for account in accounts:
                last = account.pk
                try:
                    sealed += seal_anew(account)
                except CannotOpen:
                    closed += 1
        self.stdout.write(f"Sealed anew: {sealed}.")
        if closed:
            raise CommandError(f"No key of TOKEN_KEYS opens the tokens of {closed} accounts.")
