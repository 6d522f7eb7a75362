"""Names are compared and sorted alike on every database, whatever its collation.

Two spellings are one name if `fold_text` returns the same for both; names are sorted by
`order_key`. The columns that hold these (`FoldedField`, `OrderKeyField`) are written when their row
is saved; code that updates a name by itself has to name them too, which a guard test checks. Any
text is searched without regard to case by `column__folded__contains=fold_text(word)`.
"""

import unicodedata
from typing import Any

from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Transform

_MAX_FOLDED_CHARS = 300  # an index entry of PostgreSQL has at most 2,700 bytes
_MAX_ORDERED_CHARS = 120


def fold_text(text: str) -> str:
    """Return the text without case, width, form of Unicode and doubled spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


class Folded(Transform):
    """`__folded`: a column as `fold_text` folds it, except for spaces, computed by the database.

    It is for searching by a part of a text, where no index helps anyway. SQLite knows only the
    capitals of ASCII and PostgreSQL those of its locale: so SQLite calls Python, and PostgreSQL its
    copy of ICU.
    """

    lookup_name = "folded"

    def as_sqlite(self, compiler: Any, connection: Any, **options: Any) -> Any:
        """See `teach_sqlite_to_fold`."""
        return self.as_sql(compiler, connection, function="mangakg_fold", **options)

    def as_postgresql(self, compiler: Any, connection: Any, **options: Any) -> Any:
        """Lower the letters, and replace the two whose folded form is not the lower one."""
        template = (
            'replace(replace(lower(normalize(%(expressions)s, NFKC) COLLATE "und-x-icu"),'
            " 'ß', 'ss'), 'ς', 'σ')"
        )
        return self.as_sql(compiler, connection, template=template, **options)


models.CharField.register_lookup(Folded)
models.TextField.register_lookup(Folded)


def teach_sqlite_to_fold(connection: BaseDatabaseWrapper, **_signal: Any) -> None:
    """Give a new connection to SQLite the function that `Folded` calls."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("mangakg_fold", 1, _fold_or_null, deterministic=True)


def _fold_or_null(text: str | None) -> str | None:
    return None if text is None else fold_text(text)


# The Kyrgyz alphabet, which includes the Russian one; letters of Ukrainian, Kazakh, Uzbek and Tajik
# stand behind the letter that they come from.
_CYRILLIC = "аәбвгґғдеёєжзиіїйјкқлмнңоөпрстуўүұфхҳһцчҷшщъыьэюя"
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_OTHER_LATIN = {
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe",
}  # fmt: skip
_SPACE, _DIGITS_FROM, _LATIN_FROM, _CYRILLIC_FROM, _OTHERS = 0x02, 0x10, 0x20, 0x40, 0xF0
_WEIGHTS = {
    **{str(digit): bytes([_DIGITS_FROM + digit]) for digit in range(10)},
    **{letter: bytes([_LATIN_FROM + place]) for place, letter in enumerate(_LATIN)},
    **{letter: bytes([_CYRILLIC_FROM + place]) for place, letter in enumerate(_CYRILLIC)},
}


def order_key(name: str) -> bytes:
    """Return the bytes that names are sorted by: digits, Latin, Cyrillic in the order of the Kyrgyz
    alphabet, other scripts by code point.

    Case, signs and marks on Latin letters only count between names that are otherwise the same.
    Names of signs only come first.
    """
    folded = unicodedata.normalize("NFC", fold_text(name))[:_MAX_ORDERED_CHARS]
    weights = b"".join(_weight(letter) for letter in _letters(folded))
    return weights + b"\x00" + folded.encode("utf-8", "replace")


def _letters(folded: str) -> str:
    """Return the letters and digits, with single spaces for anything between them."""
    plain = []
    for letter in folded:
        if letter in _WEIGHTS:  # й and ё are letters, not letters with a mark
            plain.append(letter)
        else:
            base = unicodedata.normalize("NFD", _OTHER_LATIN.get(letter, letter))
            plain.append("".join(part for part in base if unicodedata.category(part)[0] != "M"))
    words = "".join(
        letter if letter.isalnum() else "" if letter in "'’ʼ" else " " for letter in "".join(plain)
    )
    return " ".join(words.split())


def _weight(letter: str) -> bytes:
    if letter == " ":
        return bytes([_SPACE])
    return _WEIGHTS.get(letter) or bytes([_OTHERS]) + ord(letter).to_bytes(3, "big")


class _DerivedField(models.Field[Any, Any]):
    """A column that is computed from another column, `source`, of the same row."""

    def __init__(self, source: str, **options: Any) -> None:
        self.source = source
        super().__init__(**{"editable": False, "default": self.make(""), **options})

    @staticmethod
    def make(text: str) -> Any:
        """Return the value of the column for this text in `source`."""
        raise NotImplementedError

    def deconstruct(self) -> Any:
        """See Django."""
        name, path, _positional, options = super().deconstruct()
        return name, path, [self.source], options

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Compute it anew with each save that writes it."""
        made = self.make(getattr(model_instance, self.source) or "")
        setattr(model_instance, self.attname, made)
        return made


class FoldedField(_DerivedField, models.TextField[str, str]):
    """The folded text of a name, by which two names are the same: see `fold_text`."""

    @staticmethod
    def make(text: str) -> str:
        """Return the folded text."""
        return fold_text(text)[:_MAX_FOLDED_CHARS]


class OrderKeyField(_DerivedField, models.BinaryField[Any, Any]):
    """The key that names are sorted by: see `order_key`. Every database compares bytes alike."""

    @staticmethod
    def make(text: str) -> bytes:
        """Return the key."""
        return order_key(text)


def derived_fields(model: type[models.Model], changed: str) -> list[_DerivedField]:
    """Return the columns that are computed from the column `changed`."""
    fields = model._meta.concrete_fields
    return [f for f in fields if isinstance(f, _DerivedField) and f.source == changed]


def fill_derived_columns(model: type[models.Model], *names: str, batch: int = 1000) -> None:
    """Write such columns of all rows anew, for a migration; running it twice does no harm.

    It works in batches, by statements that take a tenth of the time of `bulk_update`.
    """
    fields = [field for field in model._meta.concrete_fields if field.name in names]
    sources = [field.source for field in fields]  # type: ignore[attr-defined] # they are derived
    columns = ", ".join(f"{connection.ops.quote_name(str(field.column))} = %s" for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    update = f"UPDATE {table} SET {columns} WHERE id = %s"  # noqa: S608 (names of ours)
    last = 0
    while found := list(
        model._default_manager.filter(pk__gt=last)
        .order_by("pk")
        .values_list("pk", *sources)[:batch]
    ):
        rows = [
            [
                *(
                    field.get_db_prep_value(field.make(text or ""), connection)  # type: ignore[attr-defined]
                    for field, text in zip(fields, texts, strict=True)
                ),
                pk,
            ]
            for pk, *texts in found
        ]
        with connection.cursor() as cursor:
            cursor.executemany(update, rows)
        last = found[-1][0]
