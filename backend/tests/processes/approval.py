"""`python -m tests.processes.approval ID`: Mo approves an upload, as the admin does it."""

import sys

import django

django.setup()

from accounts.models import User  # noqa: E402
from reader.models import Upload  # noqa: E402
from reader.publication.moderation import approve_upload  # noqa: E402

if __name__ == "__main__":
    approve_upload(
        Upload.objects.get(pk=int(sys.argv[1])), moderator=User.objects.get(username="mo")
    )
