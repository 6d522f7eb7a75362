"""Finds pages of an upload that are known already: the same bytes, or nearly the same picture.

Two hashes that differ in at most NEAR bits share one of four 16-bit bands, so an index on each
band finds every candidate. Three queries, however many pages there are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from common.files.pictures.hashes import hash_distance
from reader.models import Page, PageQuerySet, Upload

NEAR = 3
# Blank and evenly shaded pages all look alike to the hash: pictures have about 32 bits set.
_MIN_BITS = 16
# A group's own credits page may be in thousands of chapters.
_MAX_ROWS = 20_000
_TWINS_SHOWN = 3
_UPLOADS_SHOWN = 5
_BANDS = tuple(f"hash_band_{band}" for band in range(4))


@dataclass(frozen=True, order=True)
class Twin:
    """A page of another upload: the same bytes, or a picture `distance` bits away."""

    is_different: bool
    distance: int
    upload_id: int
    number: int

    @property
    def is_same(self) -> bool:
        """Return True for the same bytes."""
        return not self.is_different


@dataclass
class SharedUpload:
    """Another upload and how many pages it shares."""

    upload: Upload
    same: int
    near: int


@dataclass
class Duplicates:
    """The twins by page number, nearest first, and the uploads that share most pages.

    With `is_cut` there were more candidates than are compared, and finding none proves nothing.
    """

    twins: dict[int, list[Twin]] = field(default_factory=dict)
    uploads: list[SharedUpload] = field(default_factory=list)
    is_cut: bool = False


def find_duplicates(
    upload: Upload, pages: Sequence[Page], *, among: PageQuerySet | None = None
) -> Duplicates:
    """Look for the pages of `upload` in all other uploads that still have pages.

    `pages` may be unsaved; `among` limits the pages that are searched.
    """
    if not pages:
        return Duplicates()
    others = (Page.objects.all() if among is None else among).exclude(upload=upload)
    found: defaultdict[int, set[Twin]] = defaultdict(set)
    for number, twin in _same_bytes(others, pages):
        found[number].add(twin)
    candidates = _candidates(others, pages)
    for number, twin in _near_pictures(candidates[:_MAX_ROWS], pages):
        if Twin(False, 0, twin.upload_id, twin.number) not in found[number]:
            found[number].add(twin)
    twins = {number: sorted(hits)[:_TWINS_SHOWN] for number, hits in found.items() if hits}
    return Duplicates(twins, _uploads_that_share_most(found), len(candidates) > _MAX_ROWS)


def _same_bytes(others: PageQuerySet, pages: Sequence[Page]) -> Iterable[tuple[int, Twin]]:
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for page in pages:
        numbers[page.sha256].append(page.number)
    same = others.filter(sha256__in=list(numbers)).order_by("-upload")
    for sha256, upload_id, number in same.values_list("sha256", "upload_id", "number")[:_MAX_ROWS]:
        for mine in numbers[sha256]:
            yield mine, Twin(False, 0, upload_id, number)


def _by_band(pages: Sequence[Page]) -> list[defaultdict[int, list[Page]]]:
    """Return the pages whose hash says something, by the value of each band."""
    by_band: list[defaultdict[int, list[Page]]] = [defaultdict(list) for _band in _BANDS]
    for page in pages:
        if _MIN_BITS <= hash_distance(page.perceptual_hash, 0) <= 64 - _MIN_BITS:
            for band in range(len(_BANDS)):
                by_band[band][page.perceptual_hash >> 16 * band & 0xFFFF].append(page)
    return by_band


def _candidates(others: PageQuerySet, pages: Sequence[Page]) -> Sequence[tuple[int, ...]]:
    """Return the pages that share a band with one of these; one row more than the limit if cut."""
    shares = Q()
    for name, values in zip(_BANDS, _by_band(pages), strict=True):
        if values:
            shares |= Q(**{f"{name}__in": list(values)})
    if not shares:
        return []
    columns = ("perceptual_hash", *_BANDS, "upload_id", "number")
    return list(others.filter(shares).values_list(*columns)[: _MAX_ROWS + 1])


def _near_pictures(
    candidates: Sequence[tuple[int, ...]], pages: Sequence[Page]
) -> Iterable[tuple[int, Twin]]:
    by_band = _by_band(pages)
    for their_hash, *their_bands, upload_id, number in candidates:
        for band, value in enumerate(their_bands):
            for page in by_band[band].get(value, ()):
                distance = hash_distance(page.perceptual_hash, their_hash)
                if distance <= NEAR:
                    yield page.number, Twin(True, distance, upload_id, number)


def _uploads_that_share_most(found: dict[int, set[Twin]]) -> list[SharedUpload]:
    same: Counter[int] = Counter()
    near: Counter[int] = Counter()
    for twins in found.values():
        same_here = {twin.upload_id for twin in twins if twin.is_same}
        same.update(same_here)
        near.update({twin.upload_id for twin in twins} - same_here)
    most = sorted(
        {*same, *near}, key=lambda pk: (-(same[pk] + near[pk]), -same[pk], -pk)
    )[:_UPLOADS_SHOWN]  # fmt: skip
    uploads = Upload.objects.select_related(
        "chapter__series", "chapter__group", "uploader"
    ).in_bulk(most)
    return [SharedUpload(uploads[pk], same[pk], near[pk]) for pk in most if pk in uploads]
