"""The language of a chapter is a BCP 47 tag in lower case."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def parse_language(word: str) -> str:
    """Return the tag in lower case; raises Django's ValidationError, which every form handles."""
    tag = word.strip().lower().replace("_", "-")
    if not _TAG.fullmatch(tag):
        raise ValidationError(_("Use a language tag such as en, ky or ru."))
    return tag
