"""What an operator decides about a source: whether it is asked, may give chapters, is trusted.

Where nothing is decided, a source is asked, chapters may be taken unless its terms forbid it, and
nothing is trusted.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision
from accounts.auth.authority import acting
from accounts.models import User
from common.http.errors import AlreadyDecided, AppError
from reader.publication.trust import distrust_source
from sources.contract import Can, Source
from sources.models import SourceSettings
from sources.registry import enabled_sources, find_source

# Admins have it: they decide about sources, moderators about chapters and groups.
PERMISSION = "sources.change_sourcesettings"


class ChaptersOff(AppError):
    """Chapters are not taken from this source here."""

    code = "chapters_off"
    status = 409


def settings_of(source: type[Source]) -> SourceSettings:
    """Return what is decided about a source; an unsaved row where nothing is."""
    found = SourceSettings.objects.filter(source=source.name).first()
    return found or SourceSettings(**_undecided(source))


def chapter_sources() -> dict[str, type[Source]]:
    """Return the sources from which chapters may be taken now, by name, in one query."""
    decided = dict(SourceSettings.objects.values_list("source", "chapters_enabled"))
    return {
        name: source
        for name, source in enabled_sources().items()
        if Can.CHAPTERS in source.can and decided.get(name, not source.chapter_terms)
    }


def refuse_chapters_off(name: str) -> type[Source]:
    """Return the source; raises NotFound, or ChaptersOff where no chapters are taken from it."""
    source = find_source(name)
    if name not in chapter_sources():
        raise ChaptersOff(_("Chapters are not taken from this source."))
    return source


def switch_source(name: str, *, is_on: bool, admin: User) -> None:
    """Let a source be asked, or not; what waits for it goes on when it is on again."""
    with _deciding(name, admin) as decided:
        _refuse_same(decided.is_enabled, is_on)
        decided.is_enabled = is_on
        log_decision(
            decided, action="switch_source", actor=admin, to_state="on" if is_on else "off"
        )


def switch_chapters(name: str, *, is_on: bool, admin: User) -> None:
    """Let chapters be taken from a source, or not.

    The admin has read the source's terms, and is kept as who has decided.
    """
    with _deciding(name, admin) as decided:
        _refuse_same(decided.chapters_enabled, is_on)
        decided.chapters_enabled = is_on
        decided.decided_by = admin
        log_decision(
            decided, action="switch_chapters", actor=admin, to_state="on" if is_on else "off"
        )


def trust_source(name: str, *, is_trusted: bool, admin: User) -> None:
    """Let chapters of a source go live without a review, but for a sample; or not any more."""
    with _deciding(name, admin) as decided:
        _refuse_same(decided.is_trusted, is_trusted)
        decided.is_trusted = is_trusted
        if not is_trusted:
            distrust_source(name)
        log_decision(decided, action="trust" if is_trusted else "untrust", actor=admin)


def locked_settings(source: type[Source]) -> SourceSettings:
    """Return the row of a source, locked until the caller's transaction ends.

    Who submits from it, blocks a group of it or decides about it waits here for the others.
    """
    rows = SourceSettings.objects.filter(source=source.name)
    if not rows.exists():
        SourceSettings.objects.bulk_create(
            [SourceSettings(**_undecided(source))], ignore_conflicts=True
        )
    return rows.select_for_update().get()


@contextmanager
def _deciding(name: str, admin: User) -> Iterator[SourceSettings]:
    source = find_source(name)
    with acting(admin, permission=PERMISSION):
        decided = locked_settings(source)
        yield decided
        decided.changed_at = timezone.now()
        decided.save()


def _undecided(source: type[Source]) -> dict[str, object]:
    takes_chapters = Can.CHAPTERS in source.can and not source.chapter_terms
    return {"source": source.name, "chapters_enabled": takes_chapters}


def _refuse_same(now: bool, wanted: bool) -> None:
    if now == wanted:
        raise AlreadyDecided(_("It is so already: somebody else was first."))
