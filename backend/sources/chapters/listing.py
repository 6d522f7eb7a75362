"""What a source lists of a title becomes rows: which of it is wanted, and why the rest is not.

A source's words are not trusted: what does not fit is left out, and the rest is cut to fit.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone

from catalog.models import Title
from common.languages import parse_language
from sources.chapters.groups import (
    GROUP_BLOCKED,
    BlockedGroups,
    find_or_create_groups,
    keys_of,
)
from sources.chapters.taken_places import find_taken_places, place_of
from sources.contract import FoundChapter, Source
from sources.models import ChapterState, SourceChapter, SourceFollow, SourceGroup

# Why a chapter is left out; see also `groups` and `taken_places`.
EXTERNAL = "external"
OTHER_VERSION = "other_version"
# More than any series has; what a source lists beyond it is not taken.
MOST_CHAPTERS = 5_000
_AT_ONCE = 500
_LAST_NUMBER = Decimal(10) ** 7
_LAST_VOLUME = 100_000
_DECIMALS = -3
_LETTERS = {"external_id": 200, "title": 200, "site_url": 500}


@dataclass(frozen=True)
class Listed:
    """What is new in a source's list: unsaved rows with the groups of each, and rows that are known
    from the time when the series was followed before."""

    new: list[SourceChapter]
    groups: list[list[SourceGroup]]
    known_before: list[int]

    def save(self, follow: SourceFollow) -> None:
        """Save the rows in the caller's transaction."""
        SourceChapter.objects.filter(pk__in=self.known_before, follow=None).update(follow=follow)
        SourceChapter.objects.bulk_create(self.new, batch_size=_AT_ONCE)
        through = SourceChapter.groups.through
        links = {
            (row.pk, group.pk)
            for row, of_row in zip(self.new, self.groups, strict=True)
            for group in of_row
        }
        through.objects.bulk_create(
            [through(sourcechapter_id=row, sourcegroup_id=group) for row, group in sorted(links)],
            batch_size=_AT_ONCE,
        )


def read_list(follow: SourceFollow, source: type[Source], found: Sequence[FoundChapter]) -> Listed:
    """Return what is new in a list, wanted, and of which we know why it is not taken."""
    of_source = SourceChapter.objects.filter(source=source.name)
    known = set(of_source.filter(follow=follow.pk).values_list("external_id", flat=True))
    before = of_source.filter(follow=None, upload__chapter__series=follow.series_id)
    known_before = dict(before.order_by("-pk").values_list("external_id", "pk"))
    fitting = list(_fitting_rows(follow, source, found[:MOST_CHAPTERS]))
    new = [
        (row, chapter)
        for row, chapter in fitting
        if row.external_id not in known and row.external_id not in known_before
    ]
    groups = find_or_create_groups(source, [chapter for _row, chapter in new])
    of_rows = [[groups[key] for key, _name in keys_of(chapter)] for _row, chapter in new]
    _decide(follow.series, new, of_rows, BlockedGroups(source.name))
    listed_before = [
        known_before[row.external_id]
        for row, _chapter in fitting
        if row.external_id in known_before and row.external_id not in known
    ]
    return Listed([row for row, _chapter in new], of_rows, listed_before)


def is_wanted(follow: SourceFollow, *, number: Decimal | None, language: str) -> bool:
    """Return True for a chapter in the languages and the range of a follow."""
    if follow.languages and language not in follow.languages:
        return False
    if follow.from_number is None and follow.to_number is None:
        return True
    if number is None:
        return False
    is_late = follow.from_number is None or number >= follow.from_number
    return is_late and (follow.to_number is None or number <= follow.to_number)


def _fitting_rows(
    follow: SourceFollow, source: type[Source], found: Sequence[FoundChapter]
) -> Iterator[tuple[SourceChapter, FoundChapter]]:
    seen = set()
    for chapter in found:
        row = _row_of(follow, source, chapter)
        if row is None or row.external_id in seen:
            continue
        if is_wanted(follow, number=row.number, language=row.language):
            seen.add(row.external_id)
            yield row, chapter


def _row_of(
    follow: SourceFollow, source: type[Source], chapter: FoundChapter
) -> SourceChapter | None:
    """Return an unsaved row, or None for a chapter that can be none of ours."""
    number = chapter.number
    if number is not None and not (number.is_finite() and 0 <= number < _LAST_NUMBER):
        return None
    exponent = 0 if number is None else number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < _DECIMALS:
        return None
    try:
        language = parse_language(chapter.language)
    except ValidationError:
        return None
    if not chapter.id or len(chapter.id) > _LETTERS["external_id"] or len(language) > 35:
        return None
    volume = chapter.volume
    is_web = chapter.site_url.startswith(("https://", "http://"))
    return SourceChapter(
        follow=follow,
        source=source.name,
        external_id=chapter.id,
        number=number,
        volume=volume if volume is not None and 0 < volume <= _LAST_VOLUME else None,
        language=language,
        title=_plain(chapter.title)[: _LETTERS["title"]].rstrip(),
        site_url=chapter.site_url
        if is_web and len(chapter.site_url) <= _LETTERS["site_url"]
        else "",
    )


def _plain(text: str) -> str:
    """Return a text in one line, without control characters and marks of direction."""
    kept = (letter if unicodedata.category(letter)[0] != "C" else " " for letter in text)
    return " ".join("".join(kept).split())


def _decide(
    series: Title,
    new: list[tuple[SourceChapter, FoundChapter]],
    groups: list[list[SourceGroup]],
    blocked: BlockedGroups,
) -> None:
    """Set the state of each row; of several versions of a chapter the first one is taken."""
    taken = find_taken_places(series)
    now = timezone.now()
    for (row, chapter), of_row in zip(new, groups, strict=True):
        place = place_of(
            series, number=row.number, language=row.language, volume=row.volume, title=row.title
        )
        if chapter.external_url or chapter.page_count == 0:
            row.reason = EXTERNAL
        elif blocked.hold(of_row):
            row.reason = GROUP_BLOCKED
        else:
            row.reason = taken.get(place, "")
            taken.setdefault(place, OTHER_VERSION)
        row.state = ChapterState.SKIPPED if row.reason else ChapterState.WAITING
        row.fetch_at = None if row.reason else now
