"""Makes slugs: readable ASCII from a name, with -2 behind it where the slug is taken."""

import unicodedata

from django.db import models
from django.utils.text import slugify

_MAX_LENGTH = 100
# What stands in an address where a slug may stand: /api/titles/import.
_RESERVED = frozenset({"batch", "import"})
# The Latin letters that Russian and Kyrgyz readers write for theirs. Search folds further
# ("c" becomes "k"), which is right for comparing and wrong for an address that people see.
_READABLE = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh", "з": "z",
        "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "ң": "ng", "о": "o", "ө": "o",
        "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ү": "u", "ф": "f", "х": "kh", "ц": "ts",
        "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu",
        "я": "ya",
    }
)  # fmt: skip


def slug_base(name: str) -> str:
    """Return the slug of a name; it is empty where nothing of the name is Latin or Cyrillic."""
    latin = unicodedata.normalize("NFC", name).lower().translate(_READABLE)
    return slugify(latin)[:_MAX_LENGTH].strip("-_")


def unique_slug(model: type[models.Model], name: str, *, fallback: str) -> str:
    """Return a slug that no row of `model` has yet, from `fallback` where the name gives none.

    Two requests at once can get the same slug: the second one that saves it gets IntegrityError.
    """
    base = slug_base(name) or fallback
    if base.isdecimal() or base.startswith("p-"):
        base = f"t-{base}"  # would be read as an id
    if base in _RESERVED:
        base = f"t-{base}"
    taken = set(model._default_manager.filter(slug__startswith=base).values_list("slug", flat=True))
    number = 1
    slug = base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
