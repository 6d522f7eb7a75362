"""The settings as they are, with what makes tests cheap: passwords, and static files.

Nothing is collected, so static files have no hashed names.
"""

from mangakg.settings import *  # noqa: F403
from mangakg.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
