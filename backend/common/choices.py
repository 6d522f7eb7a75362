"""Choices that both titles and users' preferences have."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Rating(models.TextChoices):
    """How explicit a title is; readers may hide some ratings."""

    SAFE = "safe", _("Safe")
    SUGGESTIVE = "suggestive", _("Suggestive")
    EROTICA = "erotica", _("Erotica")
    PORNOGRAPHIC = "pornographic", _("Pornographic")


class Direction(models.TextChoices):
    """The direction in which pages follow each other."""

    RIGHT_TO_LEFT = "rtl", _("Right to left")
    LEFT_TO_RIGHT = "ltr", _("Left to right")
    STRIP = "strip", _("Long strip")
