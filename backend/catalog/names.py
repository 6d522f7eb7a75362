"""What a title is called in a language: one rule for pages, e-mails and, as `names`, the API."""

from collections.abc import Iterable, Mapping


def names_by_language(
    aliases: Iterable[tuple[str, str]], *, original_name: str, original_language: str
) -> dict[str, str]:
    """Return a title's name in each language that is known, from its (name, language) aliases.

    The first alias of a language counts; a language without one has the original name if that is
    the original language.
    """
    names: dict[str, str] = {}
    for name, language in (*aliases, (original_name, original_language)):
        tag = language.strip().lower().replace("_", "-")
        if name and tag:
            names.setdefault(tag, name)
    return names


def name_in(names: Mapping[str, str], name: str, language: str) -> str:
    """Return what the title of these `names` is called in a language, else its main `name`."""
    return names.get(language, name)
