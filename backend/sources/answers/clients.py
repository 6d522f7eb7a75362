"""Sources that can be called: plug-ins with a client that holds their limits.

Only workers call them, and never inside a transaction; the web asks rows (`asking`).
"""

from collections.abc import Sequence
from typing import Any, Literal

from django.utils.translation import gettext as _

from common.outbound.budgets import Limit, Outcome
from common.outbound.calls import BudgetedClient, CallFailed, Observe
from sources.answers.counters import count
from sources.contract import Answer, Source, SourceFailed, Unreadable
from sources.models import SourceSettings
from sources.registry import find_source

# What people wait for is worth little later.
_URGENT: dict[str, Any] = {
    "wait_seconds": 8.0,
    "call_seconds": 8.0,
    "step_seconds": 5.0,
    "attempts": 2,
}


class SourceClient:
    """The client of the contract: a budgeted one whose failures are those of a source."""

    def __init__(self, source: type[Source], *, urgent: bool, observe: Observe) -> None:
        self._client = BudgetedClient(
            source.name,
            source.limits,
            trusted=[source.address(setting) for setting in source.addresses],
            urgent=urgent,
            safe_posts=source.safe_posts,
            observe=observe,
            **(_URGENT if urgent else {}),
        )

    def request(self, method: Literal["GET", "POST"], url: str, **options: Any) -> Answer:
        """Return the answer; raises SourceFailed."""
        try:
            called = self._client.request(method, url, **options)
        except CallFailed as error:
            raise failure_of(error) from error
        return Answer(called.url, called.status, called.headers, called.body, called.seconds)


def call_source(name: str, *, urgent: bool = False, observe: Observe | None = None) -> Source:
    """Return the source of this name, ready to be called; raises NotFound or SourceFailed.

    `observe` is told of each request, beside our own counters.
    """
    source = find_source(name)
    is_off = SourceSettings.objects.filter(source=name, is_enabled=False).exists()
    if is_off or not source.is_configured():
        raise SourceFailed(message_of("source_off"), code="source_off")

    def note(outcome: Outcome, seconds: float) -> None:
        is_limited = outcome.limited_seconds is not None
        count(
            name, calls=1, errors=int(bool(outcome.failure) and not is_limited),
            limited=int(is_limited), milliseconds=round(seconds * 1000),
        )  # fmt: skip
        if observe is not None:
            observe(outcome, seconds)

    return source(SourceClient(source, urgent=urgent, observe=note))


def limits_of(source: type[Source]) -> dict[str, Sequence[Limit]]:
    """Return the limits of a source by the names of its budgets."""
    return {budget_name(source.name, name): limits for name, limits in source.limits.items()}


def budget_name(source: str, name: str = "") -> str:
    """Return what a budget of a source is called in the database."""
    return f"{source}.{name}" if name else source


def failure_of(error: CallFailed) -> SourceFailed:
    """Return what a failed call means to whoever asked a source."""
    if error.code == "limited":
        message = message_of("source_limited")
        return SourceFailed(message, code="source_limited", until=error.until)
    if error.code == "unreadable":
        return Unreadable(message_of("source_unreadable"), until=error.until)
    return SourceFailed(message_of("source_down"), until=error.until)


def message_of(code: str) -> str:
    """Return the sentence for a code, in the current language."""
    match code:
        case "source_limited":
            return _("The other site asks us to wait. Try again later.")
        case "source_off":
            return _("This source is switched off here.")
        case "source_unreadable":
            return _("The other site answers in a way that we do not understand.")
        case "not_found":
            return _("The other site does not know this.")
        case _:
            return _("The other site does not answer. Try again later.")
