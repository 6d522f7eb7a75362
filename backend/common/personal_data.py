"""What every app knows about a person: the registry that the export and the deletion walk.

An app declares its parts in `<app>/personal_data.py`:

    PARTICIPANTS = (
        Participant(
            name="reading",
            covers=("reader.ReadingState.user",),
            files=(ExportedFile("reading.json", gettext_lazy("Where you are …"), _reading_rows),),
            erase=_erase_reading,
        ),
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
from functools import lru_cache
from itertools import chain
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django_stubs_ext import StrOrPromise

from common.discovery import declared


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of the zip: a JSON list. `about` is its line in the README."""

    name: str
    about: StrOrPromise
    rows: Callable[[int], Iterable[Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class ExportedPicture:
    """One file of the zip as it is stored; left out where `read(user_id)` finds none."""

    name: str
    about: StrOrPromise
    read: Callable[[int], bytes | None]


@dataclass(frozen=True, slots=True)
class Participant:
    """One part of what is known about a person, and who takes care of it."""

    name: str
    covers: Collection[str]
    erase: Callable[[int], None]
    files: Sequence[ExportedFile | ExportedPicture] = ()


_PIECE = 500


@lru_cache(maxsize=1)
def participants() -> dict[str, Participant]:
    """Return every part by its name, those of lower apps first.

    Raises ImproperlyConfigured where two have a name, a column or a file in common.
    """
    found: dict[str, Participant] = {}
    for participant in chain.from_iterable(declared("personal_data", "PARTICIPANTS")):
        refuse_overlap(participant, found.values())
        found[participant.name] = participant
    return found


def refuse_overlap(participant: Participant, others: Iterable[Participant]) -> None:
    """Raise ImproperlyConfigured where another part has this one's name, a column or a file."""
    for other in others:
        columns = set(other.covers) & set(participant.covers)
        files = {file.name for file in other.files} & {file.name for file in participant.files}
        if other.name == participant.name or columns or files:
            raise ImproperlyConfigured(
                f"{participant.name} and {other.name} both cover {sorted(columns | files)}"
            )


def stream_rows(rows: QuerySet[Any], *columns: str) -> Iterator[dict[str, object]]:
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
    """Let every part forget the person, whose row the caller has locked.

    Upper apps come first, for they may need the rows of lower ones.
    """
    for participant in reversed(participants().values()):
        participant.erase(user_id)
