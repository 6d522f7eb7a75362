"""The personal data of a user in this app: reading states, uploads, decisions and groups."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from common.personal_data import ExportedFile, Participant, stream_rows
from reader.merged_chapters import (
    TITLE_COLUMNS,
    merge_chapters,
    readers_of_pairs,
    unmerge_chapters,
)
from reader.models import BannedPicture, ExtractionTurn, Group, ReadingState, Upload
from reader.reading.places import lock_places

Rows = Iterable[Mapping[str, object]]


def _reading(user_id: int) -> Rows:
    return stream_rows(
        ReadingState.objects.filter(user=user_id),
        "chapter", "chapter__series__name", "chapter__number", "chapter__language", "page",
        "offset", "finished_at", "last_finished_at", "forgotten_at", "changed_at",
        "opened_on",
    )  # fmt: skip


def _uploads(user_id: int) -> Rows:
    return stream_rows(
        Upload.objects.filter(uploader=user_id),
        "id", "chapter", "chapter__series__name", "chapter__number", "chapter__language", "state",
        "filename", "archive_bytes", "title", "error_code", "reason", "page_count", "created_at",
        "decided_at",
    )  # fmt: skip


def _groups(user_id: int) -> Rows:
    return stream_rows(Group.objects.filter(members=user_id), "name", "slug")


def _erase_reading(user_id: int) -> None:
    ReadingState.objects.filter(user=user_id).delete()


def _erase_uploads(user_id: int) -> None:
    # Uploads that wait for review stay, as they were sent to be shared; they and their files are
    # treated like all others.
    Upload.objects.filter(uploader=user_id).update(uploader=None)
    ExtractionTurn.objects.filter(user=user_id).delete()
    Upload.objects.filter(decided_by=user_id).update(decided_by=None)
    Upload.objects.filter(asked_by=user_id).update(asked_by=None)


def _erase_banned_pictures(user_id: int) -> None:
    BannedPicture.objects.filter(added_by=user_id).update(added_by=None)


def _erase_groups(user_id: int) -> None:
    Group.members.through.objects.filter(user=user_id).delete()


PARTICIPANTS = (
    Participant(
        "reading",
        covers=("reader.ReadingState.user",),
        files=(ExportedFile("reading.json", _("Chapters that you opened."), _reading),),
        erase=_erase_reading,
        title_columns=TITLE_COLUMNS,
        merge_titles=merge_chapters,
        unmerge_titles=unmerge_chapters,
        lock_titles=lock_places,
        users_of_merge=readers_of_pairs,
    ),
    Participant(
        "uploads",
        covers=(
            "reader.Upload.uploader",
            "reader.Upload.decided_by",
            "reader.Upload.asked_by",
            "reader.ExtractionTurn.user",
        ),
        files=(ExportedFile("uploads.json", _("Chapters that you uploaded."), _uploads),),
        erase=_erase_uploads,
    ),
    Participant(
        "banned pictures",
        covers=("reader.BannedPicture.added_by",),
        erase=_erase_banned_pictures,
    ),
    Participant(
        "groups",
        covers=("reader.Group.members",),
        files=(ExportedFile("groups.json", _("Groups that you translate with."), _groups),),
        erase=_erase_groups,
    ),
)
