"""The row is the queue: claimed by a conditional UPDATE, held by a lease that its worker renews."""

import time
import uuid
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

# The most that the column holds: work may be tried more often, but is not counted further.
_MOST_ATTEMPTS = 32_767
# How often a user who watches wants to see progress.
_TELL_EVERY_SECONDS = 2


class LeaseLost(Exception):
    """Another worker or a user's decision took the row away; the work on it must stop."""


class Leased(models.Model):
    """The columns of a row that background tasks work on."""

    lease_token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        abstract = True


def nobody_holds() -> Q:
    """Match rows whose lease no worker holds."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())


Row = TypeVar("Row", bound=Leased)


class Lease(Generic[Row]):
    """The right to work on one row, for `settings.LEASE_SECONDS` at a time.

    Its clock is the worker's own, started before the claim: a worker that was suspended stops
    itself before the database would let another one in.
    """

    def __init__(self, model: type[Row], pk: int, token: uuid.UUID, started: float) -> None:
        self.model = model
        self.pk = pk
        self.token = token
        self._renewed = started

    def rows(self) -> models.QuerySet[Row]:
        """Return the row as a queryset that is empty once the lease is lost."""
        return self.model._default_manager.filter(pk=self.pk, lease_token=self.token)

    def keep(self, **changes: Any) -> None:
        """Renew after a third of the time, or sooner to write `changes`; raises LeaseLost."""
        started = time.monotonic()
        rest_seconds: float = settings.LEASE_SECONDS / 3
        if changes:
            rest_seconds = min(rest_seconds, _TELL_EVERY_SECONDS)
        if started - self._renewed < rest_seconds:
            return
        if started - self._renewed > settings.LEASE_SECONDS:
            raise LeaseLost(self.pk)
        until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
        if not self.rows().update(lease_until=until, **changes):
            raise LeaseLost(self.pk)
        self._renewed = started

    def release(self) -> None:
        """Give the row back so that it is due again at once."""
        self.rows().update(lease_until=None, lease_token=None)


def claim(rows: models.QuerySet[Row], pk: int, **changes: Any) -> Lease[Row] | None:
    """Claim row `pk` if it is among `rows` and free; return None where another worker was first."""
    started = time.monotonic()
    token = uuid.uuid4()
    until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    claimed = rows.filter(nobody_holds(), pk=pk).update(
        lease_token=token,
        lease_until=until,
        attempts=Least(F("attempts") + 1, _MOST_ATTEMPTS),
        **changes,
    )
    return Lease(rows.model, pk, token, started) if claimed else None


def end_all_leases() -> None:
    """End every lease, for a worker that is known to be the only one: their rows are due now."""
    for model in apps.get_models():
        if issubclass(model, Leased):
            model._default_manager.filter(lease_until__isnull=False).update(lease_until=None)
