"""The settings of an installation whose storages can be held: see `held_storages`."""

from mangakg.settings import *  # noqa: F403
from mangakg.settings import STORAGES

for _alias in ("media", "quarantine"):
    _name = STORAGES[_alias]["BACKEND"].rpartition(".")[2]
    STORAGES[_alias] = {**STORAGES[_alias], "BACKEND": f"tests.processes.held_storages.Held{_name}"}
