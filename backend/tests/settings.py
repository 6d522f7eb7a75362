"""The real settings, with cheap hashes of passwords and static files that are not collected.

So static files have no hashed names. SQLite does not wait for the disk.
"""

from mangakg.settings import *  # noqa: F403
from mangakg.settings import DATABASES, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if "init_command" in (_options := DATABASES["default"].get("OPTIONS", {})):
    _options["init_command"] += "; PRAGMA synchronous=OFF"
