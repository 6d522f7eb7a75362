"""Finds what each app declares in its modules, so that a new app edits no central list.

The apps of this project are those of INSTALLED_APPS that lie in the same folder as this one.
"""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from django.apps import AppConfig, apps

_ROOT = Path(__file__).resolve().parent.parent
# Django imports these by itself, when it needs them.
_NOT_IMPORTED = ("migrations", "management")


def own_apps() -> Iterator[AppConfig]:
    """Yield the apps of this project in the order of INSTALLED_APPS: lower ones first."""
    for app in apps.get_app_configs():
        if Path(app.path).parent == _ROOT:
            yield app


def import_modules(app: AppConfig) -> None:
    """Import every module of an app: its background tasks and e-mails register themselves."""
    for module in walk_packages([app.path], f"{app.name}."):
        if module.name.split(".")[1] not in _NOT_IMPORTED:
            import_module(module.name)


def declared(module: str, name: str) -> Iterator[Any]:
    """Yield what each app of this project declares as `name` in `<app>/<module>.py`."""
    for app in own_apps():
        if find_spec(f"{app.name}.{module}") is not None:
            value = getattr(import_module(f"{app.name}.{module}"), name, None)
            if value is not None:
                yield value
