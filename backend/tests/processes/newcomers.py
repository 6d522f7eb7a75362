"""`python -m tests.processes.newcomers` makes the cast and one series in an installation."""

import django

django.setup()

from accounts.roles.groups import ADMIN, MODERATOR, READER, UPLOADER  # noqa: E402
from tests.cast import make_title, make_user  # noqa: E402

if __name__ == "__main__":
    for name, role in (("rina", READER), ("uli", UPLOADER), ("mo", MODERATOR), ("aida", ADMIN)):
        make_user(name, role)
    make_title("Naruto", slug="naruto")
