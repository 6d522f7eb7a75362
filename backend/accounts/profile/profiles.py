"""Profiles: what users write about themselves, their preferences, and who may see them."""

import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.auth.authority import acting
from accounts.models import Fit, User, Visibility
from accounts.usernames import is_reserved, name_key
from common.choices import Direction, Rating
from common.http.errors import Invalid
from common.languages import parse_language
from common.work.events import emit

MAX_DISPLAY_NAME, MAX_BIO, MAX_READING_LANGUAGES = 60, 1000, 10
LANGUAGES = ("en", "ky", "ru")
# All that users may change about themselves; nothing else is written here.
EDITABLE = frozenset(
    {
        "display_name", "bio", "language", "time_zone", "visibility",
        "reading_direction", "reading_fit", "data_saver", "reading_languages", "hidden_ratings",
    }
)  # fmt: skip
# The columns that the API puts under `reading`, by their names there.
READING_COLUMNS = {
    "reading_direction": "direction", "reading_fit": "fit", "data_saver": "data_saver",
    "reading_languages": "languages",
}  # fmt: skip
# No language writes more marks over one letter.
_MAX_MARKS = 3
# They change the direction of the text around them. The marks that Arabic and Hebrew need do not:
# U+200E, U+200F, U+061C.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def edit_profile(user: User, **changes: Any) -> None:
    """Write the given EDITABLE columns; raises Invalid with the fields that are wrong."""
    unknown = set(changes) - EDITABLE
    if unknown:
        raise TypeError(f"nobody writes these here: {sorted(unknown)}")
    fields: dict[str, list[str]] = {}
    for name in list(changes):
        try:
            changes[name] = _clean(name, changes[name], user)
        except Invalid as error:
            fields[_field(name)] = [error.message]
    if fields:
        raise Invalid(next(iter(fields.values()))[0], fields=fields)
    if not changes:
        return
    with acting(user):
        User.objects.filter(pk=user.pk).update(**changes)
        if "reading_languages" in changes:
            emit("reading_languages_changed", user_id=user.pk)
    for name, value in changes.items():
        setattr(user, name, value)


def find_profile(username: str, *, viewer: User | AnonymousUser) -> User | None:
    """Return the user of this name, case aside; None where `viewer` may not see the profile."""
    found = User.objects.select_related("avatar").filter(username_key=name_key(username)).first()
    # Names that look alike share a key: asking for `аdmin` must not show the profile of `admin`.
    if found is None or not found.is_active or _plain(found.username) != _plain(username):
        return None
    if found.pk == viewer.pk or viewer.has_perm("accounts.ban_user"):
        return found
    seen_by_all = found.visibility == Visibility.PUBLIC
    seen_by_members = found.visibility == Visibility.MEMBERS and viewer.is_authenticated
    return found if seen_by_all or seen_by_members else None


def clean_display_name(display_name: str, *, user: User) -> str:
    """Return the display name in its normal form; raises Invalid. Empty: the user name is shown."""
    name = unicodedata.normalize("NFKC", display_name).strip()
    if len(name) > MAX_DISPLAY_NAME:
        raise Invalid(_("A display name has at most %(max)d letters.") % {"max": MAX_DISPLAY_NAME})
    categories = [unicodedata.category(letter) for letter in name]
    if any(category[0] == "C" or category in {"Zl", "Zp"} for category in categories):
        raise Invalid(_("There is an invisible character in this name."))
    if _has_too_many_marks(categories):
        raise Invalid(_("There are too many marks over or under one letter."))
    if name and all(
        category[0] in "ZM" or _is_blank(letter)
        for letter, category in zip(name, categories, strict=True)
    ):
        raise Invalid(_("Nothing of this name can be seen."))
    key = name_key(name)
    if name and key != user.username_key and (is_reserved(name) or _is_somebody_else(key, user)):
        raise Invalid(_("This name would pass for somebody else. Choose another."))
    return name


def _is_somebody_else(key: str, user: User) -> bool:
    # Without its spaces too: `M o` is read as `Mo`.
    keys = {key, "".join(key.split())}
    return User.objects.filter(username_key__in=keys).exclude(pk=user.pk).exists()


def _clean(name: str, value: Any, user: User) -> Any:
    if name == "display_name":
        return clean_display_name(value, user=user)
    if name == "bio":
        return _clean_bio(value)
    if name == "data_saver":
        return _one_of(value, (True, False, None))
    if name == "reading_languages":
        return _clean_languages(value)
    if name == "hidden_ratings":
        wanted = set(value)
        if not wanted <= set(Rating.values):
            raise Invalid(_("This is not a content rating."))
        return [rating for rating in Rating.values if rating in wanted]
    return _one_of(value, _choices(name))


def _clean_languages(languages: Iterable[str]) -> list[str]:
    try:
        tags = list(dict.fromkeys(parse_language(word) for word in languages))
    except ValidationError as error:
        raise Invalid(error.messages[0]) from error
    if len(tags) > MAX_READING_LANGUAGES:
        message = _("At most {max_length} of these at once.")
        raise Invalid(message.format(max_length=MAX_READING_LANGUAGES))
    return tags


def _choices(name: str) -> Collection[str]:
    return {
        "language": LANGUAGES,
        "visibility": Visibility.values,
        "reading_direction": ("", *Direction.values),
        "reading_fit": ("", *Fit.values),
        "time_zone": _time_zones(),
    }[name]


def _one_of(value: Any, choices: Collection[Any]) -> Any:
    if value not in choices:
        raise Invalid(_("This is not one of the choices."))
    return value


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset({"", *available_timezones()})


def _clean_bio(text: str) -> str:
    bio = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(bio) > MAX_BIO:
        raise Invalid(_("This text has at most %(max)d letters.") % {"max": MAX_BIO})
    categories = [unicodedata.category(letter) for letter in bio]
    is_plain = all(
        category not in {"Cc", "Cs", "Co", "Cn"} or letter in "\n\t"
        for letter, category in zip(bio, categories, strict=True)
    )
    if not is_plain or _TURNING & set(bio):
        raise Invalid(_("There is a character in this text that cannot be taken."))
    if _has_too_many_marks(categories):
        raise Invalid(_("There are too many marks over or under one letter."))
    return bio


def _has_too_many_marks(categories: list[str]) -> bool:
    in_a_row = 0
    for category in categories:
        in_a_row = in_a_row + 1 if category in {"Mn", "Me"} else 0
        if in_a_row > _MAX_MARKS:
            return True
    return False


def _is_blank(letter: str) -> bool:
    # Characters that are letters by their category and show nothing: Hangul fillers, empty Braille.
    return letter in "\u115f\u1160\u3164\uffa0\u2800"


def _plain(username: str) -> str:
    return unicodedata.normalize("NFKC", username).casefold()


def _field(column: str) -> str:
    """Return the path of a column in the API's form."""
    return f"reading.{READING_COLUMNS[column]}" if column in READING_COLUMNS else column
