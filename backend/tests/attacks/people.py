"""`python -m tests.attacks.people` makes the users that attacks are aimed at, and an attacker."""

import django

django.setup()

from accounts.roles.groups import ADMIN, MODERATOR, READER, UPLOADER  # noqa: E402
from reader.states import UploadState  # noqa: E402
from tests.attacks.settings import VICTIMS  # noqa: E402
from tests.cast import make_title, make_upload_row, make_user  # noqa: E402

if __name__ == "__main__":
    for name, role in (
        ("rina", READER), ("uli", UPLOADER), ("otto", UPLOADER), ("boris", UPLOADER),
        ("mo", MODERATOR), ("aida", ADMIN),
    ):  # fmt: skip
        made = make_user(name, role)
        if name == "uli":
            uploader = made
    for number in range(VICTIMS):
        make_user(f"victim{number}")
    series = make_title("Naruto", slug="naruto")
    make_upload_row(uploader=uploader, series=series)
    make_upload_row(uploader=uploader, series=series, state=UploadState.AWAITING_REVIEW)
