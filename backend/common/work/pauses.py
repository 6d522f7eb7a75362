"""Pauses keep all processes from doing something again for a while."""

from datetime import datetime

from django.utils import timezone

from common.models import Pause


def begin_pause(name: str, until: datetime) -> bool:
    """Begin a pause; return False where one lasts. Of several callers exactly one gets True."""
    now = timezone.now()
    Pause.objects.bulk_create([Pause(name=name, until=now)], ignore_conflicts=True)
    return bool(Pause.objects.filter(name=name, until__lte=now).update(until=until))


def is_paused(name: str) -> bool:
    """Return True while a pause lasts."""
    return Pause.objects.filter(name=name, until__gt=timezone.now()).exists()
