"""The export of an account: all that is kept about a user, as one zip with a README."""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import User
from common.http.renderers import to_json
from common.personal_data import ExportedFile, ExportedPicture, participants

EXPORT_NAME = "my-data.zip"
README = "README.txt"


def write_export(user: User) -> BinaryIO:
    """Return the zip as a temporary file, at its beginning, which is deleted when it is closed.

    Rows are streamed: neither they nor the zip are ever in memory as a whole.
    """
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (the answer closes it)
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(README, _readme(user))
            for exported in _files():
                _write_file(archive, exported, user.pk)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast(BinaryIO, file)


def _files() -> Iterator[ExportedFile | ExportedPicture]:
    for participant in participants().values():
        yield from participant.files


def _write_file(
    archive: zipfile.ZipFile, exported: ExportedFile | ExportedPicture, user_id: int
) -> None:
    if isinstance(exported, ExportedFile):
        # Its size is not known before.
        with archive.open(exported.name, "w", force_zip64=True) as entry:
            _write_rows(entry, exported, user_id)
    elif (picture := exported.read(user_id)) is not None:
        archive.writestr(exported.name, picture, zipfile.ZIP_STORED)


def _write_rows(entry: IO[bytes], exported: ExportedFile, user_id: int) -> None:
    """Write a JSON list with one row on each line."""
    entry.write(b"[")
    separator = b"\n"
    for row in exported.rows(user_id):
        entry.write(separator + to_json(row))
        separator = b",\n"
    entry.write(b"\n]\n")


def _readme(user: User) -> str:
    """Return the README, which names the files in the user's language."""
    with override(user.language):
        lines = [
            _("This is what %(site)s keeps about %(name)s, as of %(date)s.")
            % {
                "site": settings.SITE_NAME,
                "name": user.username,
                "date": timezone.now().strftime("%Y-%m-%d %H:%M UTC"),
            },
            "",
            _("Each .json file is a list in JSON (UTF-8); times are in UTC."),
            "",
            *(f"{exported.name}: {exported.about}" for exported in _files()),
        ]
    return "\n".join(lines) + "\n"
