"""Guesses what chapter an archive holds from its name, as groups name their files.

"v02 c010.5 [ru].cbz", "Том 2/Глава 10.zip", "2-том 10-бөлүм.cbz", "[Group] Name - 010 - Title.cbz"
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"([0-9]{1,5}(?:[.,][0-9]{1,3})?)"
_NO_LETTER_BEFORE = r"(?<![^\W\d_])"
# "2-том" before "том 2": of "2-том 10-бөлүм" the hyphen tells which number is whose.
_VOLUMES = (
    re.compile(r"(?<![0-9.])([0-9]{1,4})-(?:том|т)(?![^\W\d_])"),
    re.compile(rf"{_NO_LETTER_BEFORE}(?:volume|vol|v|том|т)[. ]*0*([0-9]{{1,4}})(?![0-9.])"),
)
_CHAPTERS = (
    re.compile(rf"(?<![0-9.]){_NUMBER}-(?:бөлүм|глава|гл)(?![^\W\d_])"),
    re.compile(
        rf"{_NO_LETTER_BEFORE}(?:chapter|chap|ch|c|episode|ep|глава|гл|бөлүм|бөл|#)[. ]*{_NUMBER}"
    ),
)
_LONE_NUMBER = re.compile(rf"(?<![\w.,]){_NUMBER}(?![\w.,]*\w)")
_GROUP = re.compile(r"^\s*\[([^\[\]]{1,100})\]")
_BRACKETS = re.compile(r"[\[({]([^\[\](){}]{1,100})[\])}]")
_TITLE = re.compile(r"^.*\s[-–—]\s+(\S.*)$")
_LANGUAGES = frozenset(
    {"ky", "ru", "en", "kk", "uz", "tr", "ja", "ko", "zh", "uk", "de", "fr", "es", "pt", "it", "pl"}
    | {"pt-br", "zh-hk", "zh-tw", "id", "vi", "ar", "tg", "az"}
)
_KYRGYZ = re.compile("[ңөүҢӨҮ]")
_CYRILLIC = re.compile("[а-яёА-ЯЁ]")


@dataclass(frozen=True, slots=True)
class ChapterName:
    """What a name says; empty and None where it says nothing."""

    number: Decimal | None = None
    volume: int | None = None
    language: str = ""
    group: str = ""
    title: str = ""


def guess_chapter(path: str, *, series: str = "") -> ChapterName:
    """Return what the name of an archive says, and the name of the folder that it lies in."""
    folder, _slash, name = _plain(path).rpartition("/")
    name = name.rpartition(".")[0]
    group = _GROUP.match(name)
    languages = [word.lower() for word in _BRACKETS.findall(f"{name} [{folder}]")]
    words = " ".join(_BRACKETS.sub(" ", name).split())
    if words.casefold().startswith(_plain(series).casefold()):
        words = words[len(_plain(series)) :].strip(" -–—") or words
    low = words.casefold()
    volume, low = _take(_VOLUMES, low)
    number, _rest = _take((*_CHAPTERS, _LONE_NUMBER), low)
    if volume is None:
        volume, _rest = _take((*_VOLUMES, re.compile(r"^0*([0-9]{1,4})$")), folder.casefold())
    title = _TITLE.search(words)
    return ChapterName(
        number=Decimal(number.replace(",", ".")) if number else None,
        volume=int(volume) if volume else None,
        language=next((word for word in languages if word in _LANGUAGES), ""),
        group=group[1].strip() if group and group[1].lower() not in _LANGUAGES else "",
        title=title[1] if title and number and not _LONE_NUMBER.fullmatch(title[1]) else "",
    )


def guess_language(text: str) -> str:
    """Return ky, ru or en for the letters of a text."""
    if _KYRGYZ.search(text):
        return "ky"
    return "ru" if _CYRILLIC.search(text) else "en"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("_", " ")


def _take(patterns: tuple[re.Pattern[str], ...], text: str) -> tuple[str | None, str]:
    """Return the first number that is found, and the text without it."""
    for pattern in patterns:
        if found := pattern.search(text):
            return found[1], f"{text[: found.start()]} {text[found.end() :]}"
    return None, text
