"""Pictures that must not be shown again are put on a list, and found in uploads.

A picture is recognized by its bytes, and by its perceptual hash where it was saved anew. Two hashes
that differ in at most MAX_DISTANCE bits share one of five bands, so an index on each finds every
candidate: in one query, however many pages there are.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.audit import log_decision, require_reason
from accounts.auth.authority import acting
from accounts.models import User
from common.files.pictures.hashes import hash_distance
from common.http.errors import AlreadyDecided, AppError, Invalid
from reader.models import BANNED_BANDS, BannedPicture, Page, Upload, UploadQuerySet
from reader.permissions import MODERATE
from reader.states import UploadState

log = structlog.get_logger(__name__)

# One less than the number of bands. Measured on 300 drawn pages: saved anew at JPEG quality 25 or
# as WebP, made grey or half as large, a page changes in at most 4 bits, and in at most 6 where it
# is made far smaller; of 24,000 pairs of different pages the two most alike differ in 8.
MAX_DISTANCE = len(BANNED_BANDS) - 1
# The hashes of evenly coloured areas are alike, whatever the colour: pictures have about 32 bits
# set.
_MIN_BITS = 16
_PAGES_AT_ONCE = 1000
_BANDS = tuple(f"hash_band_{band}" for band in range(len(BANNED_BANDS)))


class HasBannedPictures(AppError):
    """The upload holds banned pictures, and the moderator has not confirmed it in spite of them."""

    code = "banned_image"
    status = 409


@dataclass(frozen=True)
class BannedMatch:
    """The banned picture that a page is: the same bytes, or `distance` bits away."""

    picture_id: int
    is_same: bool
    distance: int
    reason: str


def is_even(perceptual_hash: int) -> bool:
    """Return True for the hash of a blank or evenly shaded page, which says nothing."""
    return not _MIN_BITS <= hash_distance(perceptual_hash, 0) <= 64 - _MIN_BITS


def find_banned_pictures(pages: Sequence[Page]) -> dict[int, BannedMatch]:
    """Return the matches of an upload's pages, saved or not, by their number, in one query."""
    found = _closest(pages)
    return {pages[at].number: match for at, match in found.items()}


def is_banned_picture(*, sha256: str, perceptual_hash: int) -> bool:
    """Return True where a single picture, such as a cover, is banned."""
    return bool(_closest([Page(sha256=sha256, perceptual_hash=perceptual_hash)]))


def ban_pictures(
    upload: Upload, *, moderator: User, reason: str, numbers: Collection[int] | None = None
) -> int:
    """Ban pages of an upload, all without `numbers`; return how many are new on the list.

    Blank and evenly shaded pages are left out, as many chapters have them.
    """
    reason = require_reason(reason)
    with acting(moderator, permission=MODERATE):
        return put_on_list(upload, moderator=moderator, reason=reason, numbers=numbers)


def put_on_list(
    upload: Upload, *, moderator: User, reason: str, numbers: Collection[int] | None
) -> int:
    """Ban pages as `ban_pictures` does, in the transaction of a moderator's other decision."""
    pages = Page.objects.filter(upload=upload)
    if numbers is not None:
        pages = pages.filter(number__in=numbers)
    chosen = {page.sha256: page for page in pages.order_by("-number")}
    if not chosen:
        raise Invalid(_("The pages of this upload are gone."))
    known = BannedPicture.objects.filter(sha256__in=list(chosen))
    for sha256 in known.values_list("sha256", flat=True):
        del chosen[sha256]
    fresh = [page for page in chosen.values() if not is_even(page.perceptual_hash)]
    fresh.sort(key=lambda page: page.number)
    if not fresh:
        return 0
    BannedPicture.objects.bulk_create(
        (_banned(page, moderator=moderator, reason=reason) for page in fresh),
        batch_size=500,
        ignore_conflicts=True,  # another moderator banned it a moment ago
    )
    log_decision(
        upload, action="ban_pictures", actor=moderator,
        reason=f"{reason} ({', '.join(str(page.number) for page in fresh)})",
    )  # fmt: skip
    count_banned_pages(_waiting_with({page.sha256 for page in fresh}))
    log.info("pictures.banned", upload_id=upload.pk, pictures=len(fresh))
    return len(fresh)


def unban_picture(picture: BannedPicture, *, moderator: User) -> None:
    """Take a picture off the list; uploads that failed because of it stay failed."""
    with acting(moderator, permission=MODERATE):
        gone, _rows = BannedPicture.objects.filter(pk=picture.pk).delete()
        if not gone:
            raise AlreadyDecided(_("This picture is not banned any more."))
        log_decision(picture, action="unban_picture", actor=moderator, reason=picture.reason)
        count_banned_pages(
            Upload.objects.filter(state=UploadState.AWAITING_REVIEW, banned_pages__gt=0)
        )


def unban_pictures_of_rejection(upload: Upload, *, moderator: User) -> None:
    """Take what `moderator` banned with the upload's rejection off the list, in its undoing."""
    listed = BannedPicture.objects.filter(
        upload=upload, added_by=moderator, created_at__gte=upload.decided_at
    )
    numbers = list(listed.order_by("page_number").values_list("page_number", flat=True))
    if not numbers:
        return
    listed.delete()
    log_decision(
        upload, action="unban_pictures", actor=moderator,
        reason=", ".join(str(number) for number in numbers),
    )  # fmt: skip
    count_banned_pages(Upload.objects.filter(state=UploadState.AWAITING_REVIEW, banned_pages__gt=0))


def _banned(page: Page, *, moderator: User, reason: str) -> BannedPicture:
    return BannedPicture(
        sha256=page.sha256, perceptual_hash=page.perceptual_hash, width=page.width,
        height=page.height, color=page.color, reason=reason, upload_id=page.upload_id,
        page_number=page.number, added_by=moderator,
    )  # fmt: skip


def _waiting_with(sha256s: Collection[str]) -> UploadQuerySet:
    """Return uploads in the queue with these very pages; similar ones show in the review."""
    same = Page.objects.filter(upload=OuterRef("pk"), sha256__in=list(sha256s))
    return Upload.objects.filter(Exists(same), state=UploadState.AWAITING_REVIEW)


def count_banned_pages(uploads: UploadQuerySet) -> None:
    """Count the banned pages of uploads in the queue anew, as the queue shows the number."""
    # Uploads that are being decided about at this moment are skipped: they leave the queue.
    held = list(uploads.order_by("pk").select_for_update(skip_locked=True).only("pk"))
    counts = _banned_by_upload(uploads)
    for upload in held:
        upload.banned_pages = counts[upload.pk]
    Upload.objects.bulk_update(held, ["banned_pages"], batch_size=200)


def ids_with_banned_pictures(uploads: UploadQuerySet) -> set[int]:
    """Return which of these uploads hold a banned picture."""
    return set(_banned_by_upload(uploads))


def _banned_by_upload(uploads: UploadQuerySet) -> Counter[int]:
    """Return the number of banned pages of each upload, with few pages in memory at once."""
    counts: Counter[int] = Counter()
    pages = Page.objects.filter(upload__in=uploads.order_by().values("pk"))
    rows = pages.only("upload", "sha256", "perceptual_hash").iterator(chunk_size=_PAGES_AT_ONCE)
    while some := list(islice(rows, _PAGES_AT_ONCE)):
        counts.update(some[at].upload_id for at in _closest(some))
    return counts


def _closest(pages: Sequence[Page]) -> dict[int, BannedMatch]:
    """Return the closest banned picture of each page that has one, by the page's index."""
    found: dict[int, BannedMatch] = {}
    for start in range(0, len(pages), _PAGES_AT_ONCE):
        for at, match in _matches(pages[start : start + _PAGES_AT_ONCE]):
            known = found.get(start + at)
            if known is None or match.distance < known.distance or match.is_same:
                found[start + at] = match
    return found


def _matches(pages: Sequence[Page]) -> Iterator[tuple[int, BannedMatch]]:
    by_sha256: defaultdict[str, list[int]] = defaultdict(list)
    by_band: list[defaultdict[int, list[int]]] = [defaultdict(list) for _band in _BANDS]
    distance = settings.BANNED_PICTURE_DISTANCE
    for at, page in enumerate(pages):
        by_sha256[page.sha256].append(at)
        if not is_even(page.perceptual_hash):
            for band, value in enumerate(_bands_of(page.perceptual_hash)):
                by_band[band][value].append(at)
    candidates = Q(sha256__in=list(by_sha256))
    for name, values in zip(_BANDS, by_band, strict=True):
        if values:
            candidates |= Q(**{f"{name}__in": list(values)})
    listed = BannedPicture.objects.filter(candidates)
    for pk, sha256, their_hash, reason in listed.values_list(
        "pk", "sha256", "perceptual_hash", "reason"
    ):
        for at in by_sha256.get(sha256, ()):
            yield at, BannedMatch(pk, True, 0, reason)
        for at in _alike(their_hash, by_band):
            bits = hash_distance(pages[at].perceptual_hash, their_hash)
            if bits <= distance and pages[at].sha256 != sha256:
                yield at, BannedMatch(pk, False, bits, reason)


def _alike(perceptual_hash: int, by_band: Sequence[dict[int, list[int]]]) -> Iterable[int]:
    return {
        at
        for band, value in enumerate(_bands_of(perceptual_hash))
        for at in by_band[band].get(value, ())
    }


def _bands_of(perceptual_hash: int) -> Iterator[int]:
    for shift, bits in BANNED_BANDS:
        yield perceptual_hash >> shift & (1 << bits) - 1
