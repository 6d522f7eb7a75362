"""What the apps know about a user: the registry behind the export and the deletion of an account.

An app declares its parts in `<app>/personal_data.py`:

    PARTICIPANTS = (
        Participant(
            name="reading",
            covers=("reader.ReadingState.user",),
            files=(ExportedFile("reading.json", gettext_lazy("Where you are …"), _reading_rows),),
            erase=_erase_reading,
        ),
    )

- `covers` names every column that points at a user, as `app.Model.field`. A test fails when a
  column of any model, ours or a library's, is covered by no participant, or by two.
- `files` says what of it the user gets when they ask for their data. `rows(user_id)` yields
  plain values (str, int, bool, None, dates, lists, dicts), see `stream_rows`: an account may hold
  a million rows. Leave out what is about others, such as names of moderators and reporters. A
  picture is an `ExportedPicture`.
- `erase(user_id)` runs in the one transaction that deletes the account, after the user's row has
  been locked (everywhere the user is locked before their rows) and before it is deleted; parts of
  upper apps first. It deletes private rows, and sets the column of shared ones to null. Rows whose
  text holds the name lose it too: see `accounts.audit.forget_labels` for a subject whose `__str__`
  names the user. It only changes rows; files are deleted with `transaction.on_commit`, and in a way
  that a sweep finds them when the process dies in between.

The same registry serves the merging of two titles (`catalog.merging`). `title_columns` names every
column that points at a title, and a test fails when one is covered by no participant.
`merge_titles(from_id, into_id)` moves the rows in the transaction of the merge, lower apps first,
and returns what `unmerge_titles(record)` needs to move them back, as JSON can hold it. A row that
cannot be moved, since the other title has its like, stays with the title that is merged.
`users_of_title(title_id)` names the users whose rows it changes and who change them under the lock
of their own row: a merge, and its undoing, lock these users before they lock the titles; where only
some rows of a title change, `users_of_merge(from_id, into_id)` names fewer.
`lock_titles(title_ids)` locks rows that others lock before their title.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
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
    """One part of what is known about a user: its columns, its export and its erasure."""

    name: str
    covers: Collection[str]
    erase: Callable[[int], None]
    files: Sequence[ExportedFile | ExportedPicture] = ()
    title_columns: Collection[str] = ()
    merge_titles: Callable[[int, int], Any] | None = None
    unmerge_titles: Callable[[Any], None] | None = None
    users_of_title: Callable[[int], Collection[int]] | None = None
    users_of_merge: Callable[[int, int], Collection[int]] | None = None
    lock_titles: Callable[[Collection[int]], None] | None = None


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
        columns |= set(other.title_columns) & set(participant.title_columns)
        files = {file.name for file in other.files} & {file.name for file in participant.files}
        if other.name == participant.name or columns or files:
            raise ImproperlyConfigured(
                f"{participant.name} and {other.name} both cover {sorted(columns | files)}"
            )


def stream_rows(rows: QuerySet[Any], *columns: str) -> Iterator[dict[str, object]]:
    """Yield the columns of rows as dicts, reading some rows at a time.

    Not by `.iterator()`: behind a pooler PostgreSQL has no cursors, and the driver would hold all.
    """
    last = 0
    while piece := list(rows.filter(pk__gt=last).order_by("pk").values("pk", *columns)[:_PIECE]):
        for row in piece:
            last = row.pop("pk")
            yield row


def columns_about_users() -> Iterator[str]:
    """Yield every column, of any installed model, that points at a user or is a list of theirs."""
    return columns_about(get_user_model())


def columns_about(subject: type[Model]) -> Iterator[str]:
    """Yield every column that points at rows of a model, or is a list of such a row."""
    for model in apps.get_models():
        if model._meta.proxy:
            continue
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
            is_own_list = model is subject and field.many_to_many
            if is_own_list or _concrete(getattr(field, "related_model", None)) is subject:
                yield f"{model._meta.label}.{field.name}"


def _concrete(model: Any) -> Any:
    return getattr(getattr(model, "_meta", None), "concrete_model", model)


def erase_user(user_id: int) -> None:
    """Run the erasure of every part for a user, whose row the caller has locked.

    Upper apps come first, as they may need the rows of lower ones.
    """
    for participant in reversed(participants().values()):
        participant.erase(user_id)
