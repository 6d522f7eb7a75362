"""Pauses: what is not done again for a while, whichever process would do it."""

from datetime import datetime

from django.utils import timezone

from common.models import Pause


def begin_pause(name: str, until: datetime) -> bool:
    """Begin a pause; False where one lasts. Of several at once exactly one gets True."""
    now = timezone.now()
    Pause.objects.bulk_create([Pause(name=name, until=now)], ignore_conflicts=True)
    return bool(Pause.objects.filter(name=name, until__lte=now).update(until=until))


def is_paused(name: str) -> bool:
    """True while a pause lasts."""
    return Pause.objects.filter(name=name, until__gt=timezone.now()).exists()
