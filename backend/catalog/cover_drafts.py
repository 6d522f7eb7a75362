"""The cover of a proposed title waits in quarantine, and becomes public when the title does.

Its author and moderators see it until then, through signed addresses. It comes with a proposal
(`catalog.editing`); `catalog.covers` makes it a cover.
"""

import re
import uuid
from collections.abc import Collection
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from catalog.models import CoverDraft, Title
from common.files.picture_files import CheckedPicture
from common.files.signed_urls import private_url
from common.files.storages import (
    STORAGE_ERRORS,
    StorageUnavailable,
    delete_names,
    first_level,
    quarantine_storage,
)
from common.work.background import scheduled_task

log = structlog.get_logger(__name__)

ROOT = "covers"
_NAME = re.compile(r"[0-9a-f]{32}")
_STRAY_AFTER = timedelta(days=1)


def store_draft(checked: CheckedPicture) -> str:
    """Store a picture in quarantine and return its name; raises StorageUnavailable.

    Call it before the transaction that points at it: the sweep finds a file that no row names.
    """
    name = f"{ROOT}/{uuid.uuid4().hex}"
    try:
        quarantine_storage().save(name, ContentFile(checked.image.data))
    except STORAGE_ERRORS as error:
        log.exception("cover_draft.not_stored")
        raise StorageUnavailable from error
    return name


def keep_draft(title: Title, name: str, checked: CheckedPicture) -> None:
    """Let a stored picture wait as the title's cover, in the caller's transaction."""
    drop_draft(title)
    CoverDraft.objects.create(
        title_id=title.pk, file_name=name, content_type=checked.image.content_type,
        width=checked.seen.width, height=checked.seen.height, color=checked.seen.color,
    )  # fmt: skip


def drop_draft(title: Title) -> bool:
    """Delete the cover that waits, in the caller's transaction; False where none does."""
    draft = CoverDraft.objects.select_for_update().filter(title=title.pk).first()
    if draft is None:
        return False
    draft.delete()  # a worker that holds it notices when it writes
    transaction.on_commit(partial(delete_draft_file, draft.file_name))
    return True


def read_draft(draft: CoverDraft) -> bytes:
    """Return the bytes of a cover that waits."""
    with quarantine_storage().open(draft.file_name, "rb") as file:
        return bytes(file.read())


def shown_draft(title_id: int) -> dict[str, Any] | None:
    """Return the cover that waits as the API shows a cover, for those who may see the title."""
    return shown_drafts([title_id]).get(title_id)


def shown_drafts(title_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the covers that wait as the API shows a cover, by title."""
    return {
        draft.title_id: {
            "url": private_url(draft.file_name, draft.content_type),
            "small_url": None,
            "large_url": None,
            "width": draft.width,
            "height": draft.height,
            "color": draft.color,
        }
        for draft in CoverDraft.objects.filter(title__in=title_ids)
    }


@scheduled_task(every_seconds=6 * 3600)
def sweep_stray_cover_drafts() -> int:
    """Delete private covers that no row names: their request died on the way."""
    storage = quarantine_storage()
    old = first_level(storage, ROOT, older_than=timezone.now() - _STRAY_AFTER)
    names = [f"{ROOT}/{name}" for name in old if _NAME.fullmatch(name)]
    named = CoverDraft.objects.filter(file_name__in=names)
    needed = set(named.values_list("file_name", flat=True))
    stray = [name for name in names if name not in needed]
    delete_names(storage, stray)
    return len(stray)


def delete_draft_file(name: str) -> None:
    """Delete a private cover; one that cannot be deleted now is swept later."""
    try:
        quarantine_storage().delete(name)
    except STORAGE_ERRORS:
        log.exception("cover_draft.left_behind", name=name)
