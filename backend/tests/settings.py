"""The real settings, with cheap hashes of passwords and static files that are not collected.

So static files have no hashed names.
"""

from mangakg.settings import *  # noqa: F403
from mangakg.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
