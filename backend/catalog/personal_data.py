"""The personal data that the catalogue holds about a user: the titles that they entered."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from catalog.choices import Moderation
from catalog.merged_facts import TITLE_COLUMNS, merge_facts, unmerge_facts
from catalog.models import Title
from common.personal_data import ExportedFile, Participant, stream_rows


def _titles(user_id: int) -> Iterable[Mapping[str, object]]:
    rows = Title.objects.filter(created_by=user_id)
    return stream_rows(rows, "id", "kind", "name", "moderation")


def _erase_titles(user_id: int) -> None:
    own = Title.objects.filter(created_by=user_id)
    # Made from a bare name for this user's library, and seen by nobody else.
    own.filter(
        moderation=Moderation.UNLISTED, anilist_id=None, mal_id=None, mangadex_id=None
    ).delete()
    own.update(created_by=None)


PARTICIPANTS = (
    Participant(
        "titles",
        covers=("catalog.Title.created_by",),
        files=(ExportedFile("titles.json", _("Titles that you entered."), _titles),),
        erase=_erase_titles,
        title_columns=TITLE_COLUMNS,
        merge_titles=merge_facts,
        unmerge_titles=unmerge_facts,
    ),
)
