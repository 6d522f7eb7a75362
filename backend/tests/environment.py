"""The environment of the tests, loaded by `-p tests.environment` before Django's settings."""

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from mangakg.environment import Environment

# Never the data of a developer's own installation. The space in the name is on purpose.
Environment.model_config["env_file"] = None
# In the folder of `tests.run`, which is deleted even where this process is killed.
_DATA = Path(tempfile.mkdtemp(prefix="mangakg test ", dir=os.environ.get("TEST_FOLDER")))
atexit.register(shutil.rmtree, _DATA, ignore_errors=True)
(_DATA / "static").mkdir()
os.environ["MANGAKG_DATA"] = str(_DATA)
os.environ["MANGAKG_INSTANCE"] = f"test-{secrets.token_hex(4)}"
os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
os.environ.setdefault("MEDIA_NAME_KEY", secrets.token_urlsafe(48))
for _name in (
    "THROTTLE_ANON",
    "THROTTLE_USER",
    "THROTTLE_UPLOAD",
    "THROTTLE_AUTH",
    "THROTTLE_AVATAR",
    "THROTTLE_PROPOSE",
    "THROTTLE_EXPORT",
):
    os.environ[_name] = "off"
