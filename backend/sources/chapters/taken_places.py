"""The places of a series that are taken here already: nothing is fetched for them again."""

from decimal import Decimal

from django.db.models import Q

from catalog.models import Title
from reader.models import Chapter, Upload
from reader.reading.chapters import place_title, place_volume
from reader.states import UNDER_WAY

# Why a chapter of a source is left out.
ALREADY_HERE = "already_here"
UNDER_REVIEW = "under_review"

# A number, a language, a volume (0 where it does not count) and the folded title of a one-shot;
# whose translation it is does not matter.
Place = tuple[Decimal | None, str, int, str]


def place_of(
    series: Title, *, number: Decimal | None, language: str, volume: int | None, title: str
) -> Place:
    """Return the place of a chapter."""
    return (number, language, place_volume(series, volume), place_title(number, title))


def find_taken_places(series: Title, *, only: Place | None = None) -> dict[Place, str]:
    """Return the places that are taken, and why: something is live there, or under way.

    `only` asks for one of them.
    """
    of_place = Q() if only is None else Q(number=only[0], language=only[1])
    if only is not None and only[0] is None:
        of_place = Q(number__isnull=True, language=only[1])
    chapters = Chapter.objects.filter(of_place, series=series.pk)
    columns = ("number", "language", "place_volume", "place_title")
    under_way = Upload.objects.filter(state__in=UNDER_WAY, chapter__series=series.pk)
    busy = chapters.filter(pk__in=under_way.values("chapter"))
    taken: dict[Place, str] = dict.fromkeys(busy.values_list(*columns), UNDER_REVIEW)
    live = chapters.filter(live_upload__isnull=False)
    return taken | dict.fromkeys(live.values_list(*columns), ALREADY_HERE)
