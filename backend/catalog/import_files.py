"""Reads the rows of a file of titles: CSV as spreadsheets write it, or JSON.

A row is what a moderator would send to enter one title, see `catalog.title_forms`. In CSV the first
line names the fields; lists are separated by commas or `|`, what has an inner structure is JSON.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.core.files.base import File
from django.utils.translation import gettext as _

from catalog.title_forms import EpisodicFormSerializer
from common.http.errors import Invalid
from common.http.parsers import parse_json

# A worker checks and enters some tens of titles a second; more rows would be hours of one job.
MAX_ROWS = 10_000
# The file is in memory while it is read, as text and as rows.
MAX_FILE_BYTES = 10 * 2**20

_WORDS = ("genres", "tags")
_TRAILERS = "trailers"
_LISTS = (*_WORDS, _TRAILERS, "aliases", "credits", "synopsis")
_COLUMNS = frozenset({"kind", *EpisodicFormSerializer().fields}) - {"poster"}


def read_file(file: File[bytes]) -> list[Any]:
    """Return the rows of a .csv or .json file, as they were sent; raises Invalid."""
    name = (file.name or "").lower()
    if not name.endswith((".csv", ".json")):
        raise _refused(_("Send a .csv or a .json file."))
    if file.size > MAX_FILE_BYTES:
        message = _("The file is larger than %(count)d bytes.") % {"count": MAX_FILE_BYTES}
        raise _refused(message)
    body = file.read()
    if name.endswith(".json"):
        value = parse_json(body.removeprefix(b"\xef\xbb\xbf"))
        rows = value.get("rows") if isinstance(value, dict) else value
        if not isinstance(rows, list):
            raise _refused(_("The file has to be a list of titles."))
        return refuse_count(rows)
    try:
        return refuse_count(list(_read_csv(body.decode("utf-8-sig"))))
    except UnicodeDecodeError as error:
        raise _refused(_("Write the file in UTF-8.")) from error
    except csv.Error as error:
        raise _refused(_("This is no CSV: %(reason)s.") % {"reason": error}) from error


def refuse_count(rows: list[Any]) -> list[Any]:
    """Return the rows; raises Invalid where they are none or too many."""
    if not rows:
        raise _refused(_("There are no rows."))
    if len(rows) > MAX_ROWS:
        message = _("At most %(count)d rows can be imported at once.") % {"count": MAX_ROWS}
        raise Invalid(message, code="too_many", fields={"rows": [message]})
    return rows


def _read_csv(text: str) -> Iterator[dict[str, Any] | None]:
    if "\0" in text:
        raise _refused(_("The text holds a null character."))
    first_line = text.partition("\n")[0]
    # Spreadsheets write semicolons where the comma stands in numbers.
    delimiter = ";" if ";" in first_line and "," not in first_line else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = [name.strip().lower() for name in next(lines, [])]
    unknown = [name for name in names if name not in _COLUMNS]
    if unknown or "name" not in names or len(set(names)) < len(names):
        raise _refused(
            _("The first line has to name the columns, each once: name, and some of %(columns)s.")
            % {"columns": ", ".join(sorted(_COLUMNS))}
        )
    for count, cells in enumerate(filter(any, lines)):
        if count > MAX_ROWS:  # the rest need not be read to tell that it is too much
            return
        if len(cells) > len(names):  # a comma without quotes has moved the cells
            yield None
            continue
        values = zip(names, (cell.strip() for cell in cells), strict=False)
        yield {name: _value(name, cell) for name, cell in values if cell}


def _value(name: str, cell: str) -> Any:
    if name in _LISTS and cell.startswith(("{", "[")):
        try:
            return parse_json(cell.encode())
        except Invalid:  # a plain text, or a slip, which the check of the row tells
            return cell
    if name in _WORDS:
        return [word.strip() for word in cell.replace("|", ",").split(",") if word.strip()]
    if name == _TRAILERS:
        return cell.replace("|", " ").split()
    return cell


def _refused(message: str) -> Invalid:
    return Invalid(message, fields={"file": [message]})
