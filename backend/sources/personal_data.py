"""What this app knows about a user: which chapters they have asked for."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from common.personal_data import ExportedFile, Participant, stream_rows
from sources.merged_follows import TITLE_COLUMNS, merge_follows, unmerge_follows
from sources.models import GroupBlock, SourceFollow, SourceSettings
from sources.titles import merged


def _follows(user_id: int) -> Iterable[Mapping[str, object]]:
    return stream_rows(
        SourceFollow.objects.filter(asked_by=user_id),
        "series", "series__name", "source", "external_id", "title", "languages", "from_number",
        "to_number", "is_following", "created_at",
    )  # fmt: skip


def _erase(user_id: int) -> None:
    # What they asked for is the site's by now: it goes on, asked for by nobody.
    SourceFollow.objects.filter(asked_by=user_id).update(asked_by=None)
    GroupBlock.objects.filter(blocked_by=user_id).update(blocked_by=None)
    SourceSettings.objects.filter(decided_by=user_id).update(decided_by=None)


def _erase_nothing(user_id: int) -> None:
    """Do nothing: a title at a source is nobody's."""


PARTICIPANTS = (
    Participant(
        "source titles",
        covers=(),
        erase=_erase_nothing,
        title_columns=merged.TITLE_COLUMNS,
        merge_titles=merged.merge_source_titles,
        unmerge_titles=merged.unmerge_source_titles,
    ),
    Participant(
        "sources",
        covers=(
            "sources.SourceFollow.asked_by",
            "sources.GroupBlock.blocked_by",
            "sources.SourceSettings.decided_by",
        ),
        files=(
            ExportedFile("source_follows.json", _("Series that you take from sources."), _follows),
        ),
        erase=_erase,
        title_columns=TITLE_COLUMNS,
        merge_titles=merge_follows,
        unmerge_titles=unmerge_follows,
    ),
)
