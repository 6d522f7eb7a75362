"""A source that is down, or asks us to wait, is left alone for a while, with all that waits for it.

So an outage costs one try each time, and not one for each chapter.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from common.models import Pause
from common.work.pauses import begin_pause
from sources.contract import SourceFailed
from sources.switches import chapter_sources

_PREFIX = "chapters."
_PAUSE = timedelta(minutes=1)
# What is the source's matter and not a chapter's.
_OF_SOURCE = ("source_down", "source_limited", "source_off")


def pause_source(name: str, error: SourceFailed) -> datetime:
    """Begin a pause where the error is the source's; return when to try again."""
    now = timezone.now()
    until = error.until if error.until is not None and error.until > now else now + _PAUSE
    if error.code in _OF_SOURCE:
        begin_pause(f"{_PREFIX}{name}", until)
    return until


def open_sources() -> list[str]:
    """Return the sources from which chapters may be taken and that are not paused."""
    paused = set(
        Pause.objects.filter(
            name__startswith=_PREFIX, until__gt=timezone.now()
        ).values_list("name", flat=True)
    )  # fmt: skip
    return [name for name in chapter_sources() if f"{_PREFIX}{name}" not in paused]
