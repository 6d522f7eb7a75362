"""`python -m tests.processes.taking ID`: Aida lets chapters be taken from MangaDex, Mo asks for
those of a title there."""

import sys

import django

django.setup()

from accounts.models import User  # noqa: E402
from catalog.models import Title  # noqa: E402
from sources.chapters.follows import Wish, follow_series  # noqa: E402
from sources.switches import switch_chapters  # noqa: E402

if __name__ == "__main__":
    switch_chapters("mangadex", is_on=True, admin=User.objects.get(username="aida"))
    follow_series(
        Title.objects.get(slug="naruto"),
        user=User.objects.get(username="mo"),
        wish=Wish("mangadex", sys.argv[1], ("en",)),
    )
