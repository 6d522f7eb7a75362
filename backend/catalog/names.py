"""The name of a title in a language: one rule for pages, e-mails and `names` in the API."""

from collections.abc import Iterable, Mapping


def names_by_language(
    aliases: Iterable[tuple[str, str]], *, original_name: str, original_language: str
) -> dict[str, str]:
    """Return the names of a title by language tag, from its (name, language) aliases.

    The first alias of a language counts. The original name stands for the original language where
    no alias does.
    """
    names: dict[str, str] = {}
    for name, language in (*aliases, (original_name, original_language)):
        tag = language.strip().lower().replace("_", "-")
        if name and tag:
            names.setdefault(tag, name)
    return names


def name_in(names: Mapping[str, str], name: str, language: str) -> str:
    """Return the title's name in a language, or its main `name` where `names` has none for it."""
    return names.get(language, name)
