"""Runs one worker that extracts real uploads: `python -m bench.worker ZIP [wait]`.

With `wait` it prints when it is ready and begins when it is told to, so that it can be measured.
Prints processor seconds with those of its children, wall seconds and pages.
"""

import json
import resource
import sys
import time
from decimal import Decimal
from pathlib import Path

import django

django.setup()

from django.core.files.base import File  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from catalog.models import Title  # noqa: E402
from reader.intake.extraction import extract_upload  # noqa: E402
from reader.intake.uploads import Submission, submit_upload  # noqa: E402
from reader.models import Chapter, Upload  # noqa: E402
from reader.states import UploadState  # noqa: E402


def submit(archive: Path) -> Upload:
    """Submit the zip to the next free place of the bench's series."""
    uploader = User.objects.get(username="bench")
    series, _created = Title.objects.get_or_create(
        slug="bench-uploads",
        defaults={
            "name": "Uploads",
            "kind": "manga",
            "moderation": "approved",
            "approved_at": timezone.now(),
        },
    )  # fmt: skip
    number = Chapter.objects.filter(series=series).count() + 1
    with archive.open("rb") as file:
        return submit_upload(
            series,
            uploader=uploader,
            archive=File(file, name="chapter.zip"),
            submission=Submission(number=Decimal(number), language="en"),
        )


def processor_seconds() -> float:
    """Return this process's time and that of its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    upload = submit(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        print("ready", flush=True)
        sys.stdin.readline()
    before, started = processor_seconds(), time.perf_counter()
    extract_upload.run(upload.pk)
    wall, cpu = time.perf_counter() - started, processor_seconds() - before
    upload.refresh_from_db()
    if upload.state != UploadState.AWAITING_REVIEW:
        raise SystemExit(f"the upload is {upload.state}: {upload.error_code}")
    print(json.dumps({"cpu": cpu, "wall": wall, "pages": upload.page_count}))


if __name__ == "__main__":
    main()
