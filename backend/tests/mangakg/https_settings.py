"""The settings as they are, with static files that nobody has collected."""

from mangakg.settings import *  # noqa: F403
from mangakg.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
