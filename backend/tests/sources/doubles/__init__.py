"""Doubles of the sites that sources ask; `python -m tests.sources.doubles 9101` starts them."""

from tests.sources.double import Double
from tests.sources.doubles.anilist import AniList
from tests.sources.doubles.kitsu import Kitsu
from tests.sources.doubles.mangadex import MangaDex

DOUBLES: dict[str, type[Double]] = {"anilist": AniList, "mangadex": MangaDex, "kitsu": Kitsu}
