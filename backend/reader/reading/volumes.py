"""Volumes number themselves, also when two are made at once."""

from django.db import IntegrityError, transaction
from django.db.models import Max

from catalog.models import Title
from reader.models import Volume

_ATTEMPTS = 20


def create_volume(series: Title, *, title: str = "") -> Volume:
    """Make the volume after the last one."""
    for _attempt in range(_ATTEMPTS):
        last = series.volumes.aggregate(last=Max("number"))["last"] or 0
        try:
            with transaction.atomic():
                return Volume.objects.create(series=series, number=last + 1, title=title)
        except IntegrityError:  # somebody else took the number; the next one is free
            continue
    raise RuntimeError(f"no free volume number in series {series.pk}")


def find_or_create_volume(series: Title, number: int | None) -> Volume | None:
    """Return the volume with that number; None stands for none."""
    if number is None:
        return None
    return Volume.objects.get_or_create(series=series, number=number)[0]
