"""The plug-ins that are there: those of `sources/plugins`, and of installed packages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import isabstract
from pkgutil import iter_modules
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from common.http.errors import NotFound
from sources import plugins
from sources.cleaning import clean_language, clean_url
from sources.contract import Can, Kind, Source
from sources.models import SourceSettings

ENTRY_POINTS = "mangakg.sources"

_NAME = re.compile(r"[a-z][a-z0-9_-]{1,29}")
_OUR_NAME = "mangakg"  # of what comes from our own catalogue, beside names of sources
_DECLARED = ("name", "label", "site_url", "kinds", "can")
_SETTING = re.compile(r"[A-Z][A-Z0-9_]{2,60}")


@lru_cache(maxsize=1)
def all_sources() -> Mapping[str, type[Source]]:
    """Return the plug-ins by name, whether they are configured and enabled or not.

    Raises ImproperlyConfigured for one that is not as the contract says.
    """
    found: dict[str, type[Source]] = {}
    for origin, source in (*_own_plugins(), *_installed_plugins()):
        problems = list(problems_of(source))
        if not problems and source.name in found:
            problems = [f"another source is called {source.name}, too"]
        if problems:
            raise ImproperlyConfigured(f"The source {origin}: {'; '.join(problems)}.")
        found[source.name] = source
    return dict(sorted(found.items()))


def _own_plugins() -> Iterator[tuple[str, type[Source]]]:
    for module in iter_modules(plugins.__path__, f"{plugins.__name__}."):
        for value in vars(import_module(module.name)).values():
            is_source = isinstance(value, type) and issubclass(value, Source)
            if is_source and value.__module__ == module.name and not isabstract(value):
                yield f"{module.name}.{value.__name__}", value


def _installed_plugins() -> Iterator[tuple[str, Any]]:
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            yield entry.value, entry.load()
        except (ImportError, AttributeError) as error:
            raise ImproperlyConfigured(
                f"The source {entry.value} cannot be imported: {error}"
            ) from error


def problems_of(source: Any) -> Iterator[str]:
    """Yield what a plug-in does not declare as the contract says."""
    if not (isinstance(source, type) and issubclass(source, Source)) or isabstract(source):
        yield "it is no class that implements sources.contract.Source"
        return
    if missing := [name for name in _DECLARED if not hasattr(source, name)]:
        yield f"it does not declare {', '.join(missing)}"
        return
    if not _NAME.fullmatch(source.name) or source.name == _OUR_NAME:
        yield "its name is not 2 to 30 lower-case letters, digits and hyphens"
    if not str(source.label):
        yield "its label is empty"
    if source.site_url and not clean_url(source.site_url):
        yield "its site_url is no http address"
    if not source.kinds or not source.kinds <= set(Kind):
        yield "its kinds are not those of sources.contract.Kind"
    if not {Can.SEARCH, Can.DETAILS} <= source.can <= set(Can):
        yield "it has to be able to search and to tell details"
    if any(tag != clean_language(tag) for tag in source.languages):
        yield "its languages are not BCP 47 in lower case"
    yield from _problems_of_chapters(source)
    yield from _problems_of_addresses(source)


def _problems_of_chapters(source: type[Source]) -> Iterator[str]:
    stories = ("get_chapters", "get_images", "get_image")
    written = [name for name in stories if getattr(source, name) is not getattr(Source, name)]
    if len(written) != (len(stories) if Can.CHAPTERS in source.can else 0):
        yield f"Can.CHAPTERS goes with {', '.join(stories)}"


def _problems_of_addresses(source: type[Source]) -> Iterator[str]:
    addresses = source.addresses
    if not all(_SETTING.fullmatch(name) for name in addresses):
        yield "its addresses are not settings, such as ORCHARD_API_URL"
    if any(address and not clean_url(address) for address in addresses.values()):
        yield "its addresses are not http addresses"
    if any(addresses.values()) and "" not in source.limits:
        yield 'its limits have none for every request, under ""'
    if not all(_is_limited(limits) for limits in source.limits.values()):
        yield "its limits are not above nothing"


def _is_limited(limits: Iterable[Any]) -> bool:
    every = list(limits)
    return bool(every) and all(one.calls >= 1 and one.seconds > 0 for one in every)


@register()
def check_sources(**_options: Any) -> list[CheckMessage]:
    """Refuse to start with a plug-in that is not as the contract says."""
    try:
        all_sources()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="sources.E001")]
    return []


def find_source(name: str) -> type[Source]:
    """Return the plug-in of this name; raises NotFound."""
    source = all_sources().get(name)
    if source is None:
        raise NotFound(_("There is no source of this name."))
    return source


def enabled_sources() -> Mapping[str, type[Source]]:
    """Return the sources that are configured and that no operator has switched off."""
    off = set(SourceSettings.objects.filter(is_enabled=False).values_list("source", flat=True))
    return {
        name: source
        for name, source in all_sources().items()
        if name not in off and source.is_configured()
    }
