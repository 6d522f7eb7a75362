"""Groups of translators at a source, and those whose chapters are not to be taken from it.

Blocking takes down what is here and what is under way, in one transaction; undoing brings back
what can still be restored.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import log_decision, require_reason
from accounts.auth.authority import acting
from accounts.models import User
from common.http.errors import AlreadyDecided, Invalid
from common.names import fold_text
from common.work.background import wake_queue
from reader.models import Upload, UploadQuerySet
from reader.permissions import MODERATE
from reader.publication.mass_removal import restore_uploads, take_down_uploads
from reader.states import REMOVED
from sources.contract import FoundChapter, Source
from sources.models import ChapterState, GroupBlock, SourceChapter, SourceGroup
from sources.registry import find_source
from sources.switches import locked_settings

# The reason of chapters that are left out for it.
GROUP_BLOCKED = "group_blocked"
_KEY_LETTERS = 120
_NAME_LETTERS = 200
_AT_ONCE = 500


def block_group(
    source_name: str, *, external_id: str, name: str, reason: str, moderator: User
) -> GroupBlock:
    """Take down the chapters of a group from a source, and take none of them any more."""
    reason = require_reason(reason)
    source = find_source(source_name)
    external_id, name = external_id.strip(), " ".join(name.split())
    if not (external_id or name):
        raise Invalid(_("Name the group, or its id there."))
    with acting(moderator, permission=MODERATE):
        locked_settings(source)
        block = GroupBlock(
            source=source.name, external_id=external_id, name=name, reason=reason,
            blocked_by=moderator, created_at=timezone.now(),
        )  # fmt: skip
        block.name_folded = fold_text(name)
        if _blocks_like(block).exists():
            raise AlreadyDecided(_("This group is blocked already."))
        taken = take_down_uploads(
            _uploads_of(block), moderator=moderator, reason=reason, moment=block.created_at
        )
        block.taken_down = len(taken)
        block.save(force_insert=True)
        waiting = (ChapterState.WAITING, ChapterState.FETCHING, ChapterState.FAILED)
        _chapters_of(block).filter(state__in=waiting).update(
            state=ChapterState.SKIPPED, reason=GROUP_BLOCKED, fetch_at=None,
            lease_token=None, lease_until=None,
        )  # fmt: skip
        log_decision(
            block, action="block_group", actor=moderator, reason=reason,
            to_state=f"{len(taken)} uploads",
        )  # fmt: skip
    return block


def unblock_group(block: GroupBlock, *, moderator: User) -> int:
    """Take a group's chapters again, and restore those that it took down; return how many.

    Not restored are those whose files are gone, whose place is taken by now, or that somebody has
    decided about since. Chapters that were left out meanwhile can be asked for one by one.
    """
    with acting(moderator, permission=MODERATE):
        locked_settings(find_source(block.source))
        if not GroupBlock.objects.select_for_update().filter(pk=block.pk).exists():
            raise AlreadyDecided(_("This group is not blocked any more."))
        own = _uploads_of(block).filter(state__in=REMOVED, decided_at=block.created_at)
        restored = restore_uploads(own, moderator=moderator)
        log_decision(
            block, action="unblock_group", actor=moderator, to_state=f"{len(restored)} uploads"
        )
        GroupBlock.objects.filter(pk=block.pk).delete()
        for queue in ("publishing", "extraction"):
            wake_queue(queue)
    return len(restored)


def count_uploads_of_group(source: str, *, external_id: str, name: str) -> int:
    """Return how many uploads a block would concern, whatever state they are in."""
    block = GroupBlock(source=source, external_id=external_id, name_folded=fold_text(name))
    return _uploads_of(block).count()


class BlockedGroups:
    """The groups of one source that are blocked, read once."""

    def __init__(self, source: str) -> None:
        blocks = GroupBlock.objects.filter(source=source)
        rows = list(blocks.values_list("external_id", "name_folded"))
        self._ids = {external_id for external_id, _name in rows if external_id}
        self._names = {name for _id, name in rows if name}

    def hold(self, groups: Iterable[SourceGroup]) -> bool:
        """Return True where one of these groups is blocked."""
        return any(group.key in self._ids or group.name_folded in self._names for group in groups)


def find_or_create_groups(
    source: type[Source], chapters: Sequence[FoundChapter]
) -> dict[str, SourceGroup]:
    """Return the groups of chapters by their keys, creating those that are new."""
    names = {key: name for chapter in chapters for key, name in keys_of(chapter)}
    here = SourceGroup.objects.filter(source=source.name)
    found = _in_bulk(here, names)
    new = [
        SourceGroup(source=source.name, key=key, name=name, name_folded=fold_text(name))
        for key, name in names.items()
        if key not in found
    ]
    if new:
        SourceGroup.objects.bulk_create(new, batch_size=_AT_ONCE, ignore_conflicts=True)
        found |= _in_bulk(here, [group.key for group in new])
    return found


def keys_of(chapter: FoundChapter) -> list[tuple[str, str]]:
    """Return the key and the name of each group of a chapter."""
    pairs = []
    for place, given in enumerate(chapter.groups):
        name = " ".join(given.split())[:_NAME_LETTERS]
        known = chapter.group_ids[place] if place < len(chapter.group_ids) else ""
        key = known or fold_text(name)
        if name and key:
            pairs.append((key[:_KEY_LETTERS], name))
    return pairs


def _in_bulk(groups: "QuerySet[SourceGroup]", keys: Iterable[str]) -> dict[str, SourceGroup]:
    wanted = list(keys)
    found: dict[str, SourceGroup] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = groups.filter(key__in=wanted[start : start + _AT_ONCE])
        found |= {group.key: group for group in some}
    return found


def _blocks_like(block: GroupBlock) -> "QuerySet[GroupBlock]":
    return GroupBlock.objects.filter(
        source=block.source, external_id=block.external_id, name_folded=block.name_folded
    )


def _chapters_of(block: GroupBlock) -> "QuerySet[SourceChapter]":
    is_it = Q()
    if block.external_id:
        is_it |= Q(key=block.external_id)
    if block.name_folded:
        is_it |= Q(name_folded=block.name_folded)
    groups = SourceGroup.objects.filter(is_it, source=block.source)
    links = SourceChapter.groups.through.objects.filter(sourcegroup__in=groups)
    return SourceChapter.objects.filter(pk__in=links.values("sourcechapter"))


def _uploads_of(block: GroupBlock) -> UploadQuerySet:
    # No join, as a conditional UPDATE goes over them; by the id there, for a chapter that was
    # fetched anew has several.
    chapters = _chapters_of(block).values("external_id")
    return Upload.objects.all().of_source(block.source).filter(source_chapter__in=chapters)
