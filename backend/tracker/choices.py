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


class AniListState(models.TextChoices):
    """How somebody's account at AniList stands; `failed` has never been connected."""

    CONNECTING = "connecting", _("Being connected")
    CONNECTED = "connected", _("Connected")
    FAILED = "failed", _("Could not be connected")
    EXPIRED = "expired", _("Permission has ended")
    REVOKED = "revoked", _("Permission was taken back")


class SyncDirection(models.TextChoices):
    BOTH = "both", _("Both ways")
    PULL = "pull", _("Only from there to here")
    PUSH = "push", _("Only from here to there")


class ConflictPolicy(models.TextChoices):
    """What counts where a field was changed on both sides."""

    LATEST = "latest", _("The later change")
    MINE = "mine", _("What is here")
    THEIRS = "theirs", _("What is there")
    ASK = "ask", _("Ask me")


class Kept(models.TextChoices):
    """Which value of a conflict counts."""

    MINE = "mine", _("What is here")
    THEIRS = "theirs", _("What is there")
    WAITS = "waits", _("Not decided yet")


class KeptWhy(models.TextChoices):
    """Why it counts."""

    LATER = "later", _("It is the later change")
    HIGHER = "higher", _("It is the higher one")
    PREFERENCE = "preference", _("You have chosen so in the settings")
    TURNED = "turned", _("You have decided it")


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
