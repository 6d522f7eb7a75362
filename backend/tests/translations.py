"""Collects the texts that users read from the code, in Python without GNU gettext.

`python -m tests.translations` adds new texts to the `.po` files, without a translation, and drops
those that are gone; a guard test fails while one is untranslated.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import django
import polib
import rest_framework
from django.utils.translation.template import templatize

from common.messages import LOCALE

BACKEND = Path(__file__).resolve().parent.parent
APPS = (
    "mangakg",
    "demo",
    "safety",
    "tracker",
    "sources",
    "reader",
    "catalog",
    "accounts",
    "common",
)
LANGUAGES = ("ky", "ru")
_PLACE = re.compile(r"%\(\w+\)[sdr]|{[^{}]*}|%[sd]")
_SINGULAR = {"_", "gettext", "gettext_lazy", "gettext_noop"}
_PLURAL = {"ngettext", "ngettext_lazy"}
# What `templatize` writes for {% translate %}, {% blocktranslate %} and _("...").
_TEMPLATE_CALL = re.compile(
    r"""\b(n?gettext|_)\(u?(?P<quote>'''|\"\"\"|'|")(?P<one>.*?)(?P=quote)"""
    r"""(?:\s*,\s*u?(?P<quote2>'''|\"\"\"|'|")(?P<many>.*?)(?P=quote2))?""",
    re.DOTALL,
)

Message = tuple[str, str]  # the text and its plural, which is empty for most


@cache
def collect_messages(language: str) -> set[Message]:
    """Return the texts of our code and of DRF, and those that Django does not translate itself.

    DRF comes without a Kyrgyz translation.
    """
    found: set[Message] = set()
    for app in APPS:
        for path in (BACKEND / app).rglob("*.py"):
            found |= set(_of_python(path.read_text()))
        for path in (BACKEND / app).rglob("*.html"):
            found |= set(_of_template(path.read_text()))
        for path in (BACKEND / app).rglob("*.txt"):
            found |= set(_of_template(path.read_text()))
    return found | _of_tables() | _of_drf() | _lacking_in_django(language)


def _of_python(source: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = (
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        )
        words = [
            arg.value
            for arg in node.args
            if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        ]
        if name in _SINGULAR and words:
            yield words[0], ""
        elif name in _PLURAL and len(words) >= 2:
            yield words[0], words[1]


def _of_template(source: str) -> Iterator[Message]:
    for call in _TEMPLATE_CALL.finditer(templatize(source)):
        yield _unescaped(call["one"]), _unescaped(call["many"] or "")


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n").replace("%%", "%")


def _of_tables() -> set[Message]:
    from reader.intake.archives import REJECT_MESSAGES

    return {(sentence, "") for _code, sentence in REJECT_MESSAGES.values()}


def _of_drf() -> set[Message]:
    folder = Path(rest_framework.__file__).parent
    found: set[Message] = set()
    for module in ("exceptions", "fields", "relations", "serializers", "validators"):
        found |= set(_of_python((folder / f"{module}.py").read_text()))
    return found


def _lacking_in_django(language: str) -> set[Message]:
    lacking: set[Message] = set()
    for part in ("conf", "contrib/admin", "contrib/auth", "contrib/contenttypes"):
        folder = Path(django.__file__).parent / part / "locale"
        english, theirs = (
            polib.pofile(str(folder / code / "LC_MESSAGES" / "django.po"))
            for code in ("en", language)
        )
        translated = {(entry.msgid, entry.msgid_plural) for entry in theirs.translated_entries()}
        lacking |= {
            (entry.msgid, entry.msgid_plural)
            for entry in english
            if entry.occurrences[0][0] != "conf/global_settings.py"  # names of languages
        } - translated
    return lacking


def catalogue_of(language: str) -> polib.POFile:
    """Open the `.po` file of a language."""
    return polib.pofile(str(LOCALE / language / "LC_MESSAGES" / "django.po"))


def untranslated(language: str) -> list[str]:
    """Return the texts that a language lacks, or whose placeholders (%(name)s) are wrong in it."""
    translated = {
        (entry.msgid, entry.msgid_plural): entry
        for entry in catalogue_of(language)
        if entry.translated()
    }
    return sorted(
        one
        for one, many in collect_messages(language)
        if (one, many) not in translated or not _has_same_places(translated[one, many])
    )


def _places(text: str) -> set[str]:
    return set(_PLACE.findall(text))


def words_of_two_scripts(text: str) -> list[str]:
    """Return the words that mix Latin and Cyrillic letters, which look alike."""
    words = re.findall(r"[^\W\d_]+", _PLACE.sub(" ", text))
    return [word for word in words if re.search("[A-Za-z]", word) and re.search("[Ѐ-ӿ]", word)]


def texts_of(language: str) -> Iterator[str]:
    """Yield every translation, in all plural forms."""
    for entry in catalogue_of(language):
        yield from entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]


def _has_same_places(entry: polib.POEntry) -> bool:
    if entry.msgid_plural:
        allowed = _places(entry.msgid) | _places(entry.msgid_plural)
        return all(_places(text) <= allowed for text in entry.msgstr_plural.values())
    return _places(entry.msgstr) == _places(entry.msgid)


def update(language: str) -> int:
    """Update the `.po` file of a language; return how many texts have no translation yet."""
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    old = polib.pofile(str(path)) if path.exists() else polib.POFile()
    known = {(entry.msgid, entry.msgid_plural): entry for entry in old}
    fresh = polib.POFile(wrapwidth=98)
    plurals = {
        "ky": "nplurals=1; plural=0;",
        "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && "
        "(n%100<12 || n%100>14) ? 1 : 2);",
    }
    fresh.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plurals[language],
    }
    for one, many in sorted(collect_messages(language)):
        entry = known.get((one, many))
        if entry is None:
            forms = 1 if language == "ky" else 3
            entry = polib.POEntry(
                msgid=one,
                msgid_plural=many,
                msgstr_plural=dict.fromkeys(range(forms), "") if many else {},
            )
        if "%(" in one or "%s" in one:
            entry.flags = ["python-format"]
        fresh.append(entry)
    fresh.save(str(path))
    return sum(not entry.translated() for entry in fresh)


if __name__ == "__main__":
    django.setup()
    for language in sys.argv[1:] or LANGUAGES:
        print(f"{language}: {update(language)} texts wait for a translation")
