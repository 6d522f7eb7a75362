"""`python -m bench.idle_library` fills an installation with a big library where nothing is due."""

import json

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from reader.models import Page, Upload  # noqa: E402
from tests.volume.library import make_library  # noqa: E402


def main() -> None:
    call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic():
        make_library()
        Upload.objects.filter(state__in=("received", "publishing")).update(state="rejected")
    print(json.dumps({"pages": Page.objects.count()}))


if __name__ == "__main__":
    main()
