"""Names that look like another's, or hide something; and many who want the same one at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.cast import PASSWORD
from tests.processes.installation import Installation

LOOK_ALIKES = (
    "OTTO", "Otto", "оttо", "ОТТО", "0tto", "ott0", "ottο", "ｏｔｔｏ", "ot\u200bto", "ot\u00adto",
    "otto\u202e", "\u2066otto", "ott\u00f6\u0308", "otto ", " otto",
)  # fmt: skip
TRICKS = (
    "admin", "аdmin", "Moderator", "m0derator", "mangakg", "deleted", "<b>otto</b>", "otto\n",
    "otto\x00", "../../otto", "otto/../rina", "otto@example.test", "𝓸𝓽𝓽𝓸", "o\u0301\u0301\u0301t",
    "\u3164\u3164\u3164", "a" * 31, "…", "🦊🦊🦊", "%00%00%00", "{{7*7}}", "' OR 1=1",
)  # fmt: skip


def register(server: Installation, name: str) -> httpx.Response:
    form = {"username": name, "email": "stranger@example.test", "password": PASSWORD}
    return httpx.post(f"{server.url}/api/auth/register", json=form, timeout=60)


@pytest.mark.parametrize("name", LOOK_ALIKES + TRICKS, ids=ascii)
def test_a_name_that_is_taken_for_another_is_not_given(server: Installation, name: str) -> None:
    answer = register(server, name)

    if answer.status_code == 201:  # what is around it has been cut off: nothing is left to mistake
        pytest.fail(f"{name!r} is now {answer.json()['username']!r}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert "\0" in name or "username" in answer.json()["fields"]


def test_of_fifty_who_want_one_name_at_once_one_gets_it(server: Installation) -> None:
    names = ["aibek", "Aibek", "AIBEK", "aibeK", "ａｉｂｅｋ"] * 10

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda name: register(server, name), names))

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(201) == 1
    assert statuses.count(400) == 49
    assert all("username" in a.json()["fields"] for a in answers if a.status_code == 400)
    rows = server.rows("SELECT username FROM accounts_user WHERE lower(username) LIKE 'aibek'")
    assert len(rows) == 1
