"""The fixed vocabularies of titles."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.choices import Direction, Rating

__all__ = [
    "DEFAULT_DIRECTIONS",
    "READABLE_KINDS",
    "CreditRole",
    "Direction",
    "Kind",
    "Moderation",
    "Rating",
    "Status",
    "reading_direction",
]


class Kind(models.TextChoices):
    MANGA = "manga", _("Manga")
    MANHWA = "manhwa", _("Manhwa")
    MANHUA = "manhua", _("Manhua")
    COMIC = "comic", _("Comic")
    NOVEL = "novel", _("Novel")
    ANIME = "anime", _("Anime")
    MOVIE = "movie", _("Movie")
    SHOW = "show", _("Show")


READABLE_KINDS = (Kind.MANGA, Kind.MANHWA, Kind.MANHUA, Kind.COMIC, Kind.NOVEL)


class Status(models.TextChoices):
    ANNOUNCED = "announced", _("Announced")
    ONGOING = "ongoing", _("Ongoing")
    COMPLETED = "completed", _("Completed")
    HIATUS = "hiatus", _("On hiatus")
    CANCELLED = "cancelled", _("Cancelled")


class Moderation(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PENDING = "pending", _("Waiting for review")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    UNLISTED = "unlisted", _("Unlisted")


DEFAULT_DIRECTIONS = {
    Kind.MANGA: Direction.RIGHT_TO_LEFT,
    Kind.MANHWA: Direction.STRIP,
    Kind.MANHUA: Direction.STRIP,
}


def reading_direction(kind: str, chosen: str) -> str:
    """Return the chosen reading direction, or the usual one of the kind where `chosen` is empty."""
    return chosen or DEFAULT_DIRECTIONS.get(Kind(kind), Direction.LEFT_TO_RIGHT)


class CreditRole(models.TextChoices):
    AUTHOR = "author", _("Author")
    ARTIST = "artist", _("Artist")
    DIRECTOR = "director", _("Director")
    CAST = "cast", _("Cast")
    WRITER = "writer", _("Writer")
    COMPOSER = "composer", _("Composer")
    PRODUCER = "producer", _("Producer")
    STUDIO = "studio", _("Studio")
    TRANSLATOR = "translator", _("Translator")
