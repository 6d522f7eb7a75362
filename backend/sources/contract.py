"""What a plug-in for an outside catalogue is: `Source`, and the plain values that it returns.

A plug-in translates between the catalogue's API and these values. Limits, retries, caching and
storing are not its work: it sends requests through the `Client` that it is given and raises
`SourceFailed` where it cannot make sense of an answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import ceil
from typing import Any, ClassVar, Literal, Protocol

import orjson
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from catalog.choices import CreditRole, Kind, Rating, Status
from common.http.errors import AppError
from common.outbound.budgets import Limit

# Plug-ins import them from here.
__all__ = ["CreditRole", "Kind", "Limit", "Rating", "Status"]


class SourceFailed(AppError):
    """A source does not answer, or its answer makes no sense. `code` says which of these it was.

    `source_down`: it cannot be reached, or says that it is not available. `source_limited`: it asks
    us to wait. `source_off`: it is switched off here. `source_unreadable`: its answer is not what
    its API promises. It is worth asking again after `until`, where that is known.
    """

    code = "source_down"
    status = 503
    sentence: ClassVar[StrOrPromise] = _("The other site does not answer. Try again later.")

    def __init__(self, message: str = "", *, until: datetime | None = None, **options: Any) -> None:
        super().__init__(message or str(self.sentence), **options)
        self.until = until

    @property
    def retry_after_seconds(self) -> int | None:
        """The seconds until it is worth asking again, for the Retry-After header."""
        if self.until is None:
            return None
        return max(1, ceil((self.until - timezone.now()).total_seconds()))


class Limited(SourceFailed):
    """The source asks us to wait."""

    code = "source_limited"
    sentence = _("The other site asks us to wait. Try again later.")


class Unreadable(SourceFailed):
    """An answer is not what the source's API promises; trying again will not help."""

    code = "source_unreadable"
    status = 502
    sentence = _("The other site answers in a way that we do not understand.")


class Gone(SourceFailed):
    """The source does not know this title or chapter, or does not give it away."""

    code = "not_found"
    status = 404
    sentence = _("The other site does not know this.")


def number_of(id: str) -> int:  # noqa: A002
    """Return an id that is a number, as users send it; raises Gone for what is none."""
    if not (id.isascii() and id.isdigit() and len(id) <= 15):
        raise Gone
    return int(id)


class Can(StrEnum):
    """What a source can do."""

    SEARCH = "search"
    DETAILS = "details"
    CHAPTERS = "chapters"  # and their pictures


# --- What a source knows -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """Another name; `language` is BCP 47 in lower case, or empty where it is not known."""

    name: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class FoundCredit:
    """A person and what they did."""

    name: str
    role: CreditRole
    original_name: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """Another title of the same source; `relation` is in its words: SEQUEL, ADAPTATION."""

    relation: str
    id: str
    kind: Kind | None
    name: str


@dataclass(frozen=True, slots=True)
class FoundTitle:
    """A title as a source knows it. None and empty mean: it does not say.

    `id` is the source's own. `external_ids` hold its ids at other sites ("anilist", "mal",
    "mangadex", "kitsu"). `synopsis` is plain text by language. `length` counts chapters or
    episodes, and only where the source says how many there are in all.
    """

    id: str
    kind: Kind
    name: str
    original_name: str = ""
    original_language: str = ""
    aliases: tuple[Name, ...] = ()
    synopsis: Mapping[str, str] = field(default_factory=dict)
    status: Status | None = None
    rating: Rating | None = None
    year: int | None = None
    format: str = ""
    length: int | None = None
    volumes: int | None = None
    duration_minutes: int | None = None
    cover_url: str = ""
    site_url: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    # Whether chapter 1 of volume 2 is another one than chapter 1 of volume 1.
    numbers_restart_per_volume: bool = False
    people: tuple[FoundCredit, ...] = ()
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundChapter:
    """A chapter as a source knows it; `number` None is a one-shot.

    `groups` are the names of who translated it, as the source credits them, and `group_ids` their
    ids there. `external_url` is set where it can be read elsewhere only, and has no pages here.
    """

    id: str
    number: Decimal | None
    language: str
    title: str = ""
    volume: int | None = None
    groups: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()
    page_count: int | None = None
    published_at: datetime | None = None
    site_url: str = ""
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class FoundImage:
    """A page of a chapter; `id` is what `get_image` of its source takes.

    It is kept in rows and asked for days later, so an address that expires is no id.
    """

    id: str


# --- The way to the source -----------------------------------------------------------------------

Params = Mapping[str, str | int | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the other server; names of `headers` are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0

    def json(self) -> Any:
        """Return the body as JSON; raises Unreadable."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise Unreadable from error


class Client(Protocol):
    """Sends requests within the source's limits; it waits, retries and gives up by itself."""

    def request(
        self,
        method: Literal["GET", "POST"],
        url: str,
        *,
        params: Params | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        budgets: Sequence[str] = ("",),
        retries: bool = True,
        max_bytes: int = 5 * 2**20,
        accepts: Sequence[int] = (200,),
    ) -> Answer:
        """Return the answer if its status is one of `accepts`; raises SourceFailed.

        `budgets` are the names in `Source.limits` that this request counts for. A GET is tried
        again where that may help, a POST only where the server cannot have acted on it or it is
        safe by its nature (`Source.safe_posts`); nothing is, without `retries`.
        """
        ...


class Source(ABC):
    """An outside catalogue. A plug-in is a subclass, in a file of its own.

    `addresses` maps names of settings to addresses; an operator can set each to a mirror. `limits`
    hold for all processes together, each for the requests that name it; "" is what a request
    counts for that names none.
    """

    name: ClassVar[str]  # in addresses and columns: lower-case ASCII
    label: ClassVar[StrOrPromise]  # as people know it
    site_url: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]]
    languages: ClassVar[tuple[str, ...]] = ()  # of chapters; empty: any
    can: ClassVar[frozenset[Can]]
    addresses: ClassVar[Mapping[str, str]] = {}
    limits: ClassVar[Mapping[str, Sequence[Limit]]] = {}
    credits: ClassVar[StrOrPromise] = ""  # what has to be said wherever its data is shown
    # Quoted in the admin where chapters are switched on; empty: its terms allow them.
    chapter_terms: ClassVar[StrOrPromise] = ""
    # True where a POST only asks, as in GraphQL queries.
    safe_posts: ClassVar[bool] = False

    def __init__(self, client: Client) -> None:
        self.client = client

    @classmethod
    def address(cls, setting: str) -> str:
        """Return an address of the source, or what the operator has set instead."""
        return settings.SOURCE_ADDRESSES.get(setting) or cls.addresses[setting]

    @classmethod
    def is_configured(cls) -> bool:
        """Return False where it cannot work without a setting that is empty."""
        return all(cls.address(setting) for setting in cls.addresses)

    def get_json(
        self,
        setting: str,
        path: str,
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        budgets: Sequence[str] = ("",),
    ) -> dict[str, Any]:
        """Return the object that lies at `path` below an address; raises Gone for a 404."""
        url = self.address(setting).rstrip("/") + path
        answer = self.client.request(
            "GET", url, params=params, headers=headers, budgets=budgets, accepts=(200, 404)
        )
        if answer.status == 404:
            raise Gone
        found = answer.json()
        if not isinstance(found, dict):
            raise Unreadable
        return found

    @abstractmethod
    def search(
        self, query: str, *, kind: Kind | None = None, adult: bool = False
    ) -> Sequence[FoundTitle]:
        """Return the titles that match, the best first; at most 20.

        Without `adult` none that is made for adults only.
        """

    @abstractmethod
    def get_details(self, title_id: str) -> FoundTitle:
        """Return all that the source knows of a title; raises Gone."""

    def get_chapters(
        self, title_id: str, *, languages: Sequence[str] = ()
    ) -> Sequence[FoundChapter]:
        """Return the chapters of a title, oldest first, in these languages; empty: in all."""
        raise NotImplementedError

    def get_images(self, chapter_id: str) -> Sequence[FoundImage]:
        """Return the pages of a chapter in reading order; raises Gone."""
        raise NotImplementedError

    def get_image(self, image: FoundImage) -> bytes:
        """Return the bytes of a page. They are checked like those of an upload, and not here."""
        raise NotImplementedError
