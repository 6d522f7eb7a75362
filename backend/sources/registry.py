"""The plug-ins that are there: those of `sources/plugins`, and of installed packages."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import isabstract
from pkgutil import iter_modules

from django.utils.translation import gettext as _

from common.http.errors import NotFound
from sources import plugins
from sources.contract import Source
from sources.models import SourceSettings

ENTRY_POINTS = "mangakg.sources"


@lru_cache(maxsize=1)
def all_sources() -> Mapping[str, type[Source]]:
    """Return the plug-ins by name, whether they are configured and enabled or not."""
    modules = [
        import_module(f"{plugins.__name__}.{module.name}")
        for module in iter_modules(plugins.__path__)
    ]
    found = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Source)
        and value.__module__ == module.__name__
        and not isabstract(value)
    ]
    found += [entry.load() for entry in entry_points(group=ENTRY_POINTS)]
    return {source.name: source for source in sorted(found, key=lambda one: one.name)}


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
