"""What this app moves where titles are merged; it knows nothing about users."""

from common.personal_data import Participant
from sources.titles.merged import TITLE_COLUMNS, merge_source_titles, unmerge_source_titles


def _erase_nothing(user_id: int) -> None:
    """Do nothing: a title at a source is nobody's."""


PARTICIPANTS = (
    Participant(
        "source titles",
        covers=(),
        erase=_erase_nothing,
        title_columns=TITLE_COLUMNS,
        merge_titles=merge_source_titles,
        unmerge_titles=unmerge_source_titles,
    ),
)
