"""Tests that `docs/security.md` answers all sections of ASVS and names existing tests."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
DOCUMENT = (TESTS.parent.parent / "docs" / "security.md").read_text()
# Sections of each chapter of ASVS 5.0, V1 to V17.
SECTIONS = (5, 4, 7, 4, 4, 8, 6, 4, 2, 7, 7, 3, 4, 3, 4, 5, 3)
STATES = {"met", "partly", "n/a", "not met"}


def rows() -> list[tuple[str, str, str]]:
    return re.findall(r"^\| (\d+\.\d+) [^|]+\| ([^|]+) \| (.+) \|$", DOCUMENT, re.MULTILINE)


def test_every_section_is_answered_in_order():
    chapters = [int(found) for found in re.findall(r"^## V(\d+) ", DOCUMENT, re.MULTILINE)]
    expected = [
        f"{chapter}.{section}"
        for chapter, count in enumerate(SECTIONS, 1)
        for section in range(1, count + 1)
    ]

    assert chapters == list(range(1, 18))
    assert [number for number, _state, _why in rows()] == expected
    assert {state for _number, state, _why in rows()} <= STATES


def test_every_test_that_is_named_is_there():
    named = set(re.findall(r"`([\w/]+\.py)::(\w+)`", DOCUMENT))
    assert len(named) > 60

    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (TESTS / path).is_file()
        or not re.search(rf"^def {name}\(", (TESTS / path).read_text(), re.MULTILINE)
    ]

    assert missing == []


def test_what_is_not_met_in_full_says_why():
    for number, state, why in rows():
        if state != "met":
            assert len(why) > 10, number
