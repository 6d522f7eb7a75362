"""The registry of what is known about people: nothing that points at one is forgotten."""

from collections import Counter

import pytest
from django.core.exceptions import ImproperlyConfigured

from common.personal_data import (
    Participant,
    columns_about_users,
    participants,
    refuse_overlap,
)


def test_every_column_about_a_person_is_covered_once():
    covered = Counter(
        column for participant in participants().values() for column in participant.covers
    )

    assert covered == dict.fromkeys(columns_about_users(), 1)


def test_columns_of_libraries_are_found_too():
    found = set(columns_about_users())

    assert {
        "account.EmailAddress.user", "mfa.Authenticator.user", "admin.LogEntry.user",
        "reader.Group.members", "accounts.User.groups", "reader.ReadingState.user",
    } <= found  # fmt: skip


@pytest.mark.parametrize(
    ("name", "covers"), [("reading", ()), ("other", ("reader.ReadingState.user",))]
)
def test_two_parts_never_cover_the_same(name, covers):
    with pytest.raises(ImproperlyConfigured):
        refuse_overlap(Participant(name, covers, erase=print), participants().values())


def test_the_architecture_names_every_part():
    from django.conf import settings

    page = (settings.BASE_DIR.parent / "docs" / "architecture.md").read_text()

    assert [name for name in participants() if f"| `{name}` |" not in page] == []
