"""The fixed vocabularies of libraries."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.choices import READABLE_KINDS, Kind


class ItemStatus(models.TextChoices):
    PLANNING = "planning", _("Planning")
    CURRENT = "current", _("Current")
    COMPLETED = "completed", _("Completed")
    PAUSED = "paused", _("Paused")
    DROPPED = "dropped", _("Dropped")
    REPEATING = "repeating", _("Repeating")


# What clients may also send, by the words of other trackers.
STATUS_WORDS = {
    "reading": ItemStatus.CURRENT,
    "watching": ItemStatus.CURRENT,
    "watched": ItemStatus.COMPLETED,
    "plan_to_watch": ItemStatus.PLANNING,
    "planned": ItemStatus.PLANNING,
    "plan_to_read": ItemStatus.PLANNING,
    "on_hold": ItemStatus.PAUSED,
    "rewatching": ItemStatus.REPEATING,
    "rereading": ItemStatus.REPEATING,
}
STATUS_CHOICES = [(word, word) for word in (*ItemStatus.values, *STATUS_WORDS)]


class Origin(models.TextChoices):
    """Where a change of a library came from."""

    WEB = "web", _("Web app")
    API = "api", _("API key")
    READING = "reading", _("Reading here")
    IMPORT = "import", _("Import")
    SYNC = "sync", _("Sync")
    BULK = "bulk", _("Bulk change")
    UNDO = "undo", _("Undo")
    MERGE = "merge", _("Merged titles")


class ScoreFormat(models.TextChoices):
    """How somebody sees their scores, which are kept as 0 to 100."""

    STARS_5 = "stars5", _("Five stars")
    POINTS_10 = "points10", _("10 points")
    DECIMAL_10 = "decimal10", _("10.0 points")
    POINTS_100 = "points100", _("100 points")


class Unit(models.TextChoices):
    """What the progress in a title counts."""

    CHAPTERS = "chapters", _("Chapters")
    EPISODES = "episodes", _("Episodes")
    MINUTES = "minutes", _("Minutes")


_UNITS = {kind.value: Unit.CHAPTERS for kind in READABLE_KINDS} | {
    Kind.ANIME.value: Unit.EPISODES,
    Kind.SHOW.value: Unit.EPISODES,
    Kind.MOVIE.value: Unit.MINUTES,
}


def unit_of(kind: str) -> Unit:
    """Return what the progress in a title of this kind counts."""
    return _UNITS[kind]
