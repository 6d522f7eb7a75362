"""Which user names are valid, and when two count as the same.

The rules follow Unicode: UAX #31 for what a name is made of, UTS #39 for scripts and look-alikes.
`name_key` is a skeleton in the sense of UTS #39, section 4, over a small table of our own.
"""

import unicodedata
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MIN_LENGTH, MAX_LENGTH = 3, 30
PUNCTUATION = "._-"
_DIGITS = "0123456789"

# UAX #31, table 5, by the first word of a character's name. Japanese and Chinese are written in
# several scripts that count as one (UTS #39, section 5.1).
_RECOMMENDED = (
    "ARABIC ARMENIAN BENGALI BOPOMOFO CYRILLIC DEVANAGARI ETHIOPIC GEORGIAN GREEK GUJARATI "
    "GURMUKHI HANGUL HEBREW KANNADA KHMER LAO LATIN MALAYALAM MYANMAR ORIYA SINHALA TAMIL "
    "TELUGU THAANA THAI TIBETAN"
)
_SCRIPTS = {
    **{name: name for name in _RECOMMENDED.split()},
    **dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"), "CJK"),
}
# The letters that languages use today. The rest of these two scripts is phonetic or historic, and
# most of it looks like other letters.
_LATIN = (
    (0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x17E), (0x18F, 0x18F), (0x1A0, 0x1A1), (0x1AF, 0x1B0),
    (0x1CD, 0x1DC), (0x1E6, 0x1ED), (0x1F8, 0x21B), (0x259, 0x259), (0x1E00, 0x1EFF),
)  # fmt: skip
_CYRILLIC = ((0x400, 0x45F), (0x48A, 0x4FF))

# Korean syllables; the letters that they are made of have invisible ones among them.
_HANGUL = ((0xAC00, 0xD7A3),)
_BLOCKS = {"LATIN": _LATIN, "CYRILLIC": _CYRILLIC, "HANGUL": _HANGUL}

# Each letter on the left looks like the one on the right: in small letters or, in Latin and
# Cyrillic, in capitals. Names in other scripts have no capitals: see `clean_username`.
_ALPHABETS = (
    ("1iı0ĸ", "lllok"),  # Latin itself: 1 l I, 0 O
    # Cyrillic: В and Ь like B, г like r, Н like H, п like n, Ү like Y
    ("абвгезкмнопрстухьіјѕһүұӏѵәӕҫөԁ", "a6bre3kmhonpctyxbljshyylvəæçɵd"),
    ("αγεηικνορστυχωϲϳ", "ayenlkvopotuxwcj"),  # Greek
    ("օոռսհցզյყ", "onnuhgqjy"),  # Armenian, Georgian
    ("וןסاهဝ", "lloloo"),  # Hebrew, Arabic, Burmese
    ("ーカロニエタトハヘ", "一力口二工夕卜八へ"),  # Katakana and Han
)
_LOOK_ALIKES = str.maketrans(
    dict(pair for left, right in _ALPHABETS for pair in zip(left, right, strict=True))
)
_PAIRS = (("i\u0307", "i"), ("j\u0307", "j"))
_WIDE_PAIRS = (("rn", "m"), ("vv", "w"))
# No name holds these, and databases refuse to search for them.
_UNASKABLE = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}

# Roles that speak for the site: no part of a name may be one, however it is spelled.
_OFFICES = (
    "admin admins administrator administrators administration sysadmin superadmin superuser "
    "moderator moderators moderation mod mods mangakg support staff official webmaster postmaster "
    "hostmaster helpdesk "
    "админ админы администратор администраторы администрация модератор модераторы модерация модер "
    "поддержка саппорт мангакг "
    "админдер модераторлор колдоо башкаруучу кызматкер"
)
# These may not even be joined to other letters.
_MARKS = "admin moderator mangakg админ модератор мангакг"
# Words that programs, addresses and the site's own texts use for users: no whole name may be one.
_WORDS = (
    "root system api www email smtp ftp dns abuse noreply daemon nobody anonymous guest user users "
    "username account accounts everyone everybody deleted deleteduser removed banned unknown null "
    "none undefined self profile settings login logout register signup confirm reset forgot "
    "auth token session static media public private security owner trusted bot "
    "система рут удален удалён удалённый удаленный аноним гость никто пользователь бот "
    "владелец "
    "өчүрүлгөн колдонуучу конок"
)
# Digits that stand for letters; и and й too, which are read as the i that 1 stands for.
_LEET = str.maketrans("2345678ий", "zeasbtbll")


def name_key(username: str) -> str:
    """Return the key that no two names may share: letters that look alike become one.

    It is at most four times as long as the name.
    """
    folded = unicodedata.normalize("NFKC", username).strip().casefold().translate(_UNASKABLE)
    parted = unicodedata.normalize("NFD", folded)
    for pair, one in _PAIRS:
        parted = parted.replace(pair, one)
    # Composed again: й is a letter and not и with a mark.
    key = unicodedata.normalize("NFC", parted).translate(_LOOK_ALIKES)
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFD", key).translate(_LOOK_ALIKES))
    for pair, one in _WIDE_PAIRS:
        key = key.replace(pair, one)
    return key


def name_is_taken() -> ValidationError:
    """Return the error for a name that is taken; names are public, so this may be told."""
    message = _("This name, or one that looks like it, is taken.")
    return ValidationError(message, code="unique")


def clean_username(username: str, *, may_be_reserved: bool = False) -> str:
    """Return the name in its normal form; raises ValidationError with one sentence about the fault.

    The caller looks whether it is taken. Admins may give reserved names.
    """
    username = unicodedata.normalize("NFKC", username).strip()
    scripts = {_checked_script(letter) for letter in username} - {None}
    if len(scripts) > 1:
        raise _refusal("scripts", _("Letters of different alphabets cannot stand in one name."))
    if not MIN_LENGTH <= len(username) <= MAX_LENGTH:
        message = _("A name has %(min)d to %(max)d letters.") % {
            "min": MIN_LENGTH, "max": MAX_LENGTH,
        }  # fmt: skip
        raise _refusal("length", message)
    if username[0] in PUNCTUATION or username[-1] in PUNCTUATION:
        raise _refusal("punctuation", _("A name begins and ends with a letter or a digit."))
    if any(one in PUNCTUATION and next_one in PUNCTUATION for one, next_one in pairwise(username)):
        raise _refusal("punctuation", _("Between letters stands one point, one - or one _."))
    if scripts - {"LATIN", "CYRILLIC"}:
        # In other alphabets a capital looks like one Latin letter and its small form like another.
        username = unicodedata.normalize("NFKC", username.lower())
    if not may_be_reserved and is_reserved(username):
        raise _refusal("reserved", _("This name is reserved. Choose another."))
    return username


def is_reserved(username: str) -> bool:
    """Return True for names that look like the site, its staff or its programs."""
    for mark in PUNCTUATION:
        username = username.replace(mark, " ")
    parts = username.split()
    whole = "".join(parts)
    if _reading(whole) in _WORDS_READ:
        return True
    readings = {
        _without_doubles(_reading(part))
        for written in (*parts, whole)
        for part in (written, written.strip(_DIGITS))
    }
    if readings & _OFFICES_READ:
        return True
    return any(
        reading.startswith(mark) or reading.endswith(mark)
        for reading in readings
        for mark in _MARKS_READ
    )


def _checked_script(letter: str) -> str | None:
    """Return the script of a letter; None for characters that go with every script."""
    if letter in PUNCTUATION or letter in _DIGITS:
        return None
    category = unicodedata.category(letter)
    if category.startswith("M"):
        raise _refusal("combining", _("Marks that stand over or under a letter cannot be taken."))
    if category.startswith("C") or category in {"Zl", "Zp"}:
        raise _refusal("invisible", _("There is an invisible character in this name."))
    if category.startswith("Z"):
        raise _refusal("space", _("A name has no spaces: put . - or _ between words."))
    if category.startswith("N"):
        raise _refusal("digits", _("Of digits, a name takes 0 to 9."))
    script = _SCRIPTS.get(unicodedata.name(letter, "").split(" ")[0])
    is_letter = category.startswith("L") and (category != "Lm" or script == "CJK")
    if not is_letter:
        raise _refusal("characters", _("A name is made of letters, digits and . _ -"))
    blocks = _BLOCKS.get(script or "", ((0, 0x10FFFF),))
    if script is None or not any(first <= ord(letter) <= last for first, last in blocks):
        message = _("The letter %(letter)s cannot be taken.") % {"letter": letter}
        raise _refusal("characters", message)
    return script


def _refusal(code: str, message: str) -> ValidationError:
    return ValidationError(message, code=code)


def _reading(written: str) -> str:
    """Return the word as it looks at a glance, digits read as letters."""
    plain = unicodedata.normalize("NFD", name_key(written).translate(_LEET))
    return "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")


def _without_doubles(reading: str) -> str:
    return "".join(letter for before, letter in pairwise(f" {reading}") if letter != before)


_WORDS_READ = {_reading(word) for word in (*_WORDS.split(), *_OFFICES.split())}
_OFFICES_READ = {_without_doubles(_reading(word)) for word in _OFFICES.split()}
_MARKS_READ = {_without_doubles(_reading(word)) for word in _MARKS.split()}
