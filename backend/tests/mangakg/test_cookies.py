"""Over HTTPS: cookies that only it carries, and no way in without it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

ASK = """
import django, json; django.setup()
from django.conf import settings
from django.test import Client
from accounts.models import User
from accounts.roles.groups import MODERATOR, grant_role
grant_role(User.objects.create_user("mo", "mo@example.test", "felt-rug-shyrdak"), MODERATOR)
client = Client(headers={"host": "manga.example", "x-forwarded-proto": "https"})
form = {"username": "mo", "password": "felt-rug-shyrdak"}
answers = [client.post("/api/auth/token", form | {"cookie": "1"})]
page = client.get("/admin/login/")
csrf = client.cookies[settings.CSRF_COOKIE_NAME].value
form |= {"next": "/admin/", "csrfmiddlewaretoken": csrf}
referer = {"referer": "https://manga.example/admin/login/"}
answers += [page, client.post("/admin/login/", form, headers=referer)]
chosen = {"language": "ru", "next": "/admin/"}
answers.append(client.post("/i18n/setlang/", chosen, headers=referer))
nothing_chosen = {"action": "delete_selected", "index": "0"}
answers.append(client.post("/admin/catalog/tag/", nothing_chosen, headers=referer))
told = client.get("/admin/catalog/tag/")
plain = Client(headers={"host": "manga.example"})
print(json.dumps({
    "statuses": [answer.status_code for answer in answers],
    "cookies": [cookie.OutputString() for answer in answers for cookie in answer.cookies.values()],
    "language": told.headers["Content-Language"],
    "says_something": "messagelist" in told.content.decode(),
    "hsts": page.headers.get("Strict-Transport-Security"),
    "plain": [[a.status_code, a.headers.get("Location")] for a in (
        plain.get("/api/site?a=b"), plain.get("/admin/"), plain.get("/healthz"))],
}))
"""


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> dict[str, Any]:
    """What an installation says that is reached over HTTPS only."""
    folder = tmp_path_factory.mktemp("over https")
    (folder / "static").mkdir()
    shutil.copy(migrated, folder)
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "MANGAKG_DATA": str(folder),
        "MANGAKG_INSTANCE": "mangakg",
        "HTTPS_ONLY": "1",
        "TRUSTED_PROXIES": "1",
        "ALLOWED_HOSTS": "manga.example",
    }
    for name in ("DATABASE_URL", "REDIS_URL", "S3_ENDPOINT_URL"):
        env.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=settings.BASE_DIR, env=env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_over_https_every_cookie_is_bound_to_it(answered):
    assert answered["statuses"] == [200, 200, 302, 302, 302]
    names = {cookie.partition("=")[0] for cookie in answered["cookies"]}
    assert names == {
        "__Host-mangakg_admin",
        "__Host-mangakg_csrf",
        "__Host-mangakg_device",
        "__Host-mangakg_language",
        "__Secure-mangakg_refresh",
    }
    for cookie in answered["cookies"]:
        name, _, attributes = cookie.partition("=")
        assert "Secure" in attributes
        assert "SameSite=Strict" in attributes
        assert "Domain" not in attributes
        assert "HttpOnly" in attributes
        assert "Path=/;" in attributes or name.startswith("__Secure-")


def test_over_https_the_chosen_language_and_what_was_said_arrive(answered):
    assert answered["language"] == "ru"
    assert answered["says_something"]


def test_over_https_everything_else_is_redirected(answered):
    assert answered["plain"] == [
        [301, "https://manga.example/api/site?a=b"],
        [301, "https://manga.example/admin/"],
        [200, None],
    ]
    assert answered["hsts"] == "max-age=31536000; includeSubDomains"
