"""Languages of chapters and of readers: BCP 47 tags, kept in lower case."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def parse_language(word: str) -> str:
    """Return the tag as it is kept; raises Django's ValidationError, which every form takes."""
    tag = word.strip().lower().replace("_", "-")
    if not _TAG.fullmatch(tag):
        raise ValidationError(_("Use a language tag such as en, ky or ru."))
    return tag
