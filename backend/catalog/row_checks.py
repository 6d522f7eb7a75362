"""Tells what would become of the rows of an import, in a few queries for all of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from catalog.choices import READABLE_KINDS, Kind, Moderation
from catalog.facts import find_unknown
from catalog.known_titles import find_all_known, is_same_year
from catalog.models import Title
from catalog.names import names_by_language
from catalog.title_forms import EpisodicFormSerializer, MovieFormSerializer, TitleFormSerializer
from common.http.errors import AppError, Invalid, invalid_fields
from common.models import JobItem
from common.names import fold_text

TITLE_EXISTS = "title_exists"
FORMS: dict[str, type[TitleFormSerializer]] = {
    **dict.fromkeys(READABLE_KINDS, TitleFormSerializer),
    Kind.MOVIE: MovieFormSerializer,
    Kind.ANIME: EpisodicFormSerializer,
    Kind.SHOW: EpisodicFormSerializer,
}


@dataclass(slots=True)
class CheckedRow:
    """What is to become of one row; `title_id` is that of the title which is here already."""

    kind: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    outcome: str = JobItem.Outcome.DONE
    code: str = ""
    fields: dict[str, list[str]] | None = None
    title_id: int | None = None

    def fail(self, error: AppError) -> None:
        """Note why it cannot be entered."""
        self.outcome, self.code = JobItem.Outcome.FAILED, error.code
        body = error.body()
        self.fields = body.get("fields") or {"non_field_errors": [body["detail"]]}

    def skip(self, title_id: int | None) -> None:
        """Note that the title is here already, or in a row before this one."""
        self.outcome, self.code, self.title_id = JobItem.Outcome.SKIPPED, TITLE_EXISTS, title_id


def check_rows(rows: Sequence[Any], *, kind: str) -> list[CheckedRow]:
    """Check rows as they were sent; `kind` is the kind of those that name none."""
    # Making one costs more than checking a row by it.
    forms = {name: form() for name, form in FORMS.items()}
    checked = [_read(row, kind, forms) for row in rows]
    for row, error in _each(checked, lambda good: find_unknown([row.facts for row in good])):
        if error is not None:
            row.fail(error)
    # Titles of libraries and merged ones are no part of the catalogue.
    among = Title.objects.exclude(moderation=Moderation.UNLISTED)
    for row, known in _each(
        checked, lambda good: find_all_known([(row.kind, row.facts) for row in good], among=among)
    ):
        if known and not row.facts["is_another"]:
            row.skip(known[0].pk)
    _skip_doubles(checked)
    return checked


def _read(sent: Any, kind: str, forms: Mapping[str, TitleFormSerializer]) -> CheckedRow:
    try:
        return _facts_of(sent, kind, forms)
    except AppError as error:
        row = CheckedRow()
        row.fail(error)
        return row


def _facts_of(sent: Any, default_kind: str, forms: Mapping[str, TitleFormSerializer]) -> CheckedRow:
    if not isinstance(sent, Mapping):
        raise Invalid(
            _("A row has to be an object; in CSV it has at most as many cells as the first line.")
        )
    kind = sent.get("kind") or default_kind
    if not isinstance(kind, str) or kind not in FORMS:
        message = _("Give the kind: one of %(kinds)s.") % {"kinds": ", ".join(FORMS)}
        raise Invalid(message, fields={"kind": [message]})
    try:
        facts = dict(forms[kind].run_validation(sent))
    except ValidationError as error:
        raise invalid_fields(error) from error
    facts.pop("poster", None)  # a row has no file
    return CheckedRow(kind=kind, facts=facts)


def _each(checked: list[CheckedRow], ask: Any) -> Any:
    good = [row for row in checked if row.outcome == JobItem.Outcome.DONE]
    return zip(good, ask(good), strict=True)


def _skip_doubles(checked: list[CheckedRow]) -> None:
    """Skip rows that are called as a row before them, as the title of that one would be here."""
    years: defaultdict[tuple[str, str], list[int | None]] = defaultdict(list)
    for row in checked:
        if row.outcome != JobItem.Outcome.DONE:
            continue
        facts = row.facts
        held = years[row.kind, fold_text(facts["name"])]
        if not facts["is_another"] and any(is_same_year(facts["year"], year) for year in held):
            row.skip(None)
            continue
        for name in _names_of(facts):
            years[row.kind, name].append(facts["year"])


def _names_of(facts: Mapping[str, Any]) -> set[str]:
    by_language = names_by_language(
        ((alias["name"], alias["language"]) for alias in facts["aliases"]),
        original_name=facts["original_name"], original_language=facts["original_language"],
    )  # fmt: skip
    names = (facts["name"], facts["original_name"], *by_language.values())
    return {fold_text(name) for name in names if name}
