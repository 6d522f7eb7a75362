"""What a source says of one title now: asked for, waited for a little, or why it cannot be had."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.utils.translation import gettext as _

from common.http.errors import AppError, NotFound
from sources.answers.asking import Asked, ask_all, wait_for
from sources.contract import Can, FoundTitle, Source, SourceFailed, Unreadable
from sources.registry import enabled_sources, find_source

WAIT_SECONDS = 5.0
_RETRY_AFTER_SECONDS = 5


class SourcePending(AppError):
    """The source has not answered yet; the same request finds its answer in a while."""

    code = "source_pending"
    status = 503
    retry_after_seconds = _RETRY_AFTER_SECONDS

    def __init__(self, source: type[Source]) -> None:
        super().__init__(
            _("%(source)s has not answered yet. Try again in a moment.") % {"source": source.label}
        )


def details_now(source: str, external_id: str) -> FoundTitle:
    """Return what a source says of a title; raises NotFound, SourceFailed or SourcePending."""
    plugin = usable_source(source)
    [asked] = wait_for(ask_details([(source, external_id)]), WAIT_SECONDS)
    if asked.state == "waiting":
        raise SourcePending(plugin)
    return found_in(asked)


def usable_source(name: str) -> type[Source]:
    """Return the source; raises NotFound where there is none, SourceFailed where it is off."""
    source = find_source(name)
    if name not in enabled_sources() or Can.DETAILS not in source.can:
        raise SourceFailed(
            _("%(source)s is switched off here.") % {"source": source.label}, code="source_off"
        )
    return source


def ask_details(
    wanted: Sequence[tuple[str, str]], *, urgent: bool = True, max_age: timedelta | None = None
) -> list[Asked]:
    """Ask for titles by source and id, and return what is known of them."""
    return ask_all(
        [(source, "details", {"id": external_id}) for source, external_id in wanted],
        urgent=urgent, max_age=max_age,
    )  # fmt: skip


def found_in(asked: Asked) -> FoundTitle:
    """Return the title that was answered; raises NotFound or SourceFailed."""
    if isinstance(asked.value, FoundTitle):
        return asked.value
    error: Mapping[str, str] = asked.error or {"code": Unreadable.code, "detail": ""}
    if error["code"] == NotFound.code:
        raise NotFound(_("There is no such title."))
    raise SourceFailed(
        error["detail"] or _("The source does not answer as it should."), code=error["code"],
        status=Unreadable.status if error["code"] == Unreadable.code else None, until=asked.until,
    )  # fmt: skip


def titles_in(value: object) -> list[FoundTitle]:
    """Return the titles that a search was answered with."""
    found = value if isinstance(value, list) else []
    return [one for one in found if isinstance(one, FoundTitle)]
