"""What every app knows about a person: the registry that exporting and leaving walk.

An app registers its parts in `AppConfig.ready`, in a module `<app>/personal_data.py`:

    register_participant(
        Participant(
            name="reading",
            covers=("reader.ReadingState.user",),
            files=(ExportedFile("reading.json", gettext_lazy("Where you are …"), _reading_rows),),
            erase=_erase_reading,
        )
    )

- `covers` names every column that points at a person, as `app.Model.field`. A test fails when a
  column of any model, ours or a library's, is covered by no participant, or by two.
- `files` says what of it the person gets when they ask for their data. `rows(user_id)` yields
  plain values (str, int, bool, None, dates, lists, dicts), see `stream_rows`: an account may hold
  a million rows. Leave out what is about others: names of moderators, of who reported. A picture
  is an `ExportedPicture`.
- `erase(user_id)` runs in the one transaction in which the person leaves, after their row has been
  locked (the person first, then what is theirs: everywhere) and before it is deleted; parts of
  upper apps first. What is private it deletes, what is shared it takes the name off (the column to
  null). Rows that carry the name in words lose it too: see `accounts.audit.forget_labels` for a
  subject whose `__str__` names the person. It only touches rows; files go with
  `transaction.on_commit`, and so that a sweep finds them when the process dies in between.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of the zip: a JSON list. `about` is its line in the README."""

    name: str
    about: "StrOrPromise"
    rows: Callable[[int], Iterable[Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class ExportedPicture:
    """One file of the zip as it is stored; left out where `read(user_id)` finds none."""

    name: str
    about: "StrOrPromise"
    read: Callable[[int], bytes | None]


@dataclass(frozen=True, slots=True)
class Participant:
    """One part of what is known about a person, and who takes care of it."""

    name: str
    covers: Collection[str]
    erase: Callable[[int], None]
    files: Sequence[ExportedFile | ExportedPicture] = ()


PARTICIPANTS: dict[str, Participant] = {}
_PIECE = 500


def register_participant(participant: Participant) -> None:
    """Add a part; a name, a column or a file that another part has is a mistake of ours."""
    for other in PARTICIPANTS.values():
        columns = set(other.covers) & set(participant.covers)
        files = {file.name for file in other.files} & {file.name for file in participant.files}
        if other.name == participant.name or columns or files:
            raise ImproperlyConfigured(
                f"{participant.name} and {other.name} both cover {sorted(columns | files)}"
            )
    PARTICIPANTS[participant.name] = participant


def stream_rows(rows: "QuerySet[Any]", *columns: str) -> Iterator[dict[str, object]]:
    """Yield the columns of rows by their keys, some at a time.

    Not `.iterator()`: behind a pooler PostgreSQL has no cursors, and the driver would hold all.
    """
    last = 0
    while piece := list(rows.filter(pk__gt=last).order_by("pk").values("pk", *columns)[:_PIECE]):
        for row in piece:
            last = row.pop("pk")
            yield row


def columns_about_people() -> Iterator[str]:
    """Yield every column, of any installed model, that points at a person or is a person's."""
    person = get_user_model()
    for model in apps.get_models():
        if model._meta.proxy:
            continue
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
            is_own_list = model is person and field.many_to_many
            if is_own_list or getattr(field, "related_model", None) is person:
                yield f"{model._meta.label}.{field.name}"


def erase_person(user_id: int) -> None:
    """Let every part forget the person, whose row the caller has locked; last come first.

    Upper apps register after lower ones, and may need their rows.
    """
    for participant in reversed(PARTICIPANTS.values()):
        participant.erase(user_id)
