"""Calls to AniList for somebody: their list, and the token for it.

Only workers make them, never inside a transaction. All of them count for the one budget that the
catalogue has too. What only asks is tried again where that may help; what writes is not, as an
answer that does not come tells nothing: read the entry, then decide.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import jwt
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from sources.answers.clients import call_source, message_of
from sources.cleaning import as_list, as_map, clean_count, clean_name, inside
from sources.contract import Client, Gone, SourceFailed, Unreadable
from sources.plugins.anilist import SUMMARY, AniList, read_title
from tracker.anilist.tokens import CannotOpen, open_token
from tracker.anilist.values import EntryValues, FuzzyDate, ListChunk, RemoteEntry, Viewer
from tracker.models import AniListAccount

ListType = Literal["ANIME", "MANGA"]
CALLBACK = "/api/anilist/callback"
PER_CHUNK = 500

_MAX_ID = 2**31 - 1
_MAX_ENTRY_ID = 2**53
_MAX_TOKEN_CHARS = 10_000
_MAX_NOTES_CHARS = 100_000
_MAX_LIST_BYTES = 10 * 2**20
# As its documentation says; the token tells its own end, where it can be read.
_LIFETIME = timedelta(days=365)

_ENTRY = """
fragment Entry on MediaList {
  id mediaId status score(format: POINT_100) progress progressVolumes repeat private notes
  hiddenFromStatusLists customLists(asArray: true) updatedAt
  startedAt { year month day } completedAt { year month day }
}
"""
VIEWER = "query Viewer { Viewer { id name mediaListOptions { scoreFormat } } }"
LIST = (
    """
query List($user: Int!, $type: MediaType!, $chunk: Int!, $size: Int!) {
  MediaListCollection(
    userId: $user, type: $type, chunk: $chunk, perChunk: $size, forceSingleCompletedList: true
  ) {
    hasNextChunk
    lists { name isCustomList entries { ...Entry media { ...Summary } } }
  }
}
"""
    + _ENTRY
    + SUMMARY
)
ENTRY = (
    """
query Entry($media: Int!) { Media(id: $media) { id mediaListEntry { ...Entry } } }
"""
    + _ENTRY
)
SAVE = (
    """
mutation Save(
  $mediaId: Int!, $status: MediaListStatus, $scoreRaw: Int, $progress: Int, $progressVolumes: Int
  $repeat: Int, $notes: String, $private: Boolean, $startedAt: FuzzyDateInput
  $completedAt: FuzzyDateInput
) {
  SaveMediaListEntry(
    mediaId: $mediaId, status: $status, scoreRaw: $scoreRaw, progress: $progress
    progressVolumes: $progressVolumes, repeat: $repeat, notes: $notes, private: $private
    startedAt: $startedAt, completedAt: $completedAt
  ) { ...Entry }
}
"""
    + _ENTRY
)
DELETE = "mutation Delete($id: Int!) { DeleteMediaListEntry(id: $id) { deleted } }"

# The arguments of SAVE by the names of EntryValues.
_ARGUMENTS = {
    "status": "status", "score_raw": "scoreRaw", "progress": "progress",
    "progress_volumes": "progressVolumes", "repeat": "repeat", "notes": "notes",
    "is_private": "private", "started": "startedAt", "completed": "completedAt",
}  # fmt: skip


class TokenRefused(SourceFailed):
    """AniList does not take the token: it has ended, or its owner took the permission back."""

    code = "anilist_token_refused"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("AniList does not let us in any more. Connect your account again."))


class KeyMissing(SourceFailed):
    """The token was sealed with a key that the operator has taken away; it is good with it."""

    code = "anilist_key_missing"

    def __init__(self) -> None:
        super().__init__(_("The key for your AniList account is missing on this server."))


class Refused(SourceFailed):
    """AniList does not take what we send, and says why; it will not do so another time either."""

    code = "anilist_refused"
    status = 502


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, and what is known of it. `anilist_id` is what it says itself, and not proven."""

    token: str
    refresh_token: str
    expires_at: datetime
    anilist_id: int | None = None


class AniListLists:
    """The list of whoever a token belongs to."""

    def __init__(self, client: Client, token: str) -> None:
        self._client = client
        self._token = token

    def get_viewer(self) -> Viewer:
        """Return who the token belongs to."""
        found = as_map(self._ask(VIEWER, "Viewer", {}).get("Viewer"))
        number = clean_count(found.get("id"), at_least=1, at_most=_MAX_ID)
        if number is None:
            raise Unreadable(message_of("source_unreadable"))
        score_format = clean_name(inside(found, "mediaListOptions", "scoreFormat"), 20)
        return Viewer(number, clean_name(found.get("name"), 100), score_format)

    def get_list_chunk(self, anilist_id: int, kind: ListType, chunk: int) -> ListChunk:
        """Return a part of a list, the first one is 1; an entry stands in it once.

        It may come again in another chunk, where it is in custom lists.
        """
        variables = {"user": anilist_id, "type": kind, "chunk": chunk, "size": PER_CHUNK}
        said = self._ask(LIST, "List", variables, max_bytes=_MAX_LIST_BYTES)
        found = said.get("MediaListCollection")
        if not isinstance(found, dict) or not isinstance(found.get("hasNextChunk"), bool):
            # Half a list is none: what it lacks would be taken for deleted.
            raise Unreadable(message_of("source_unreadable"))
        entries: dict[int, RemoteEntry] = {}
        for group in _every(found.get("lists")):
            for row in _every(as_map(group).get("entries")):
                entry = _read_entry(row)
                title = read_title(as_map(row).get("media"))
                entries.setdefault(entry.entry_id, replace(entry, title=title))
        return ListChunk(tuple(entries.values()), has_next=found["hasNextChunk"])

    def get_entry(self, media_id: int) -> RemoteEntry | None:
        """Return the entry of a title, None where it is not in the list.

        Raises Gone where AniList does not know the title.
        """
        found = as_map(self._ask(ENTRY, "Entry", {"media": media_id}).get("Media"))
        if found.get("id") != media_id:
            raise Unreadable(message_of("source_unreadable"))
        entry = found.get("mediaListEntry")
        return None if entry is None else _read_entry(entry)

    def save_entry(self, media_id: int, values: EntryValues) -> RemoteEntry:
        """Write an entry, which is made where there is none, and return it as it is then.

        Where it raises SourceFailed, but for Refused, Gone and TokenRefused, it may be written.
        """
        variables: dict[str, Any] = {"mediaId": media_id}
        for name, argument in _ARGUMENTS.items():
            value = getattr(values, name)
            if isinstance(value, FuzzyDate):
                value = {"year": value.year, "month": value.month, "day": value.day}
            if value is not None:
                variables[argument] = value
        said = self._ask(SAVE, "Save", variables, writes=True)
        return _read_entry(said.get("SaveMediaListEntry"))

    def delete_entry(self, entry_id: int) -> bool:
        """Delete an entry by its own id; return False where it was not there any more."""
        try:
            said = self._ask(DELETE, "Delete", {"id": entry_id}, writes=True)
        except Gone:
            return False
        return inside(said.get("DeleteMediaListEntry"), "deleted") is True

    def _ask(
        self,
        query: str,
        name: str,
        variables: Mapping[str, Any],
        *,
        writes: bool = False,
        max_bytes: int = 2**20,
    ) -> dict[str, Any]:
        answer = self._client.request(
            "POST",
            AniList.address("ANILIST_GRAPHQL_URL"),
            json={"query": query, "operationName": name, "variables": variables},
            headers={"Accept": "application/json", "Authorization": f"Bearer {self._token}"},
            accepts=(200, 400, 401, 404),
            retries=not writes,
            max_bytes=max_bytes,
        )
        said = as_map(answer.json())
        # An answer of 200 can carry errors, too.
        if errors := as_list(said.get("errors")):
            raise _failure(errors[0], answer.status)
        if answer.status == 401:
            raise TokenRefused
        if answer.status != 200 or not isinstance(said.get("data"), dict):
            raise Unreadable(message_of("source_unreadable"))
        return as_map(said["data"])


def lists_of(account: AniListAccount, *, urgent: bool = False) -> AniListLists:
    """Return the list of an account; `urgent` where somebody waits for it.

    Raises TokenRefused where it has no token, KeyMissing, and SourceFailed where AniList is
    switched off here.
    """
    try:
        token = open_token(account.token)
    except CannotOpen as error:
        raise KeyMissing from error
    if not token:
        raise TokenRefused
    return lists_by_token(token, urgent=urgent)


def lists_by_token(token: str, *, urgent: bool) -> AniListLists:
    """Return the list of whoever a token belongs to."""
    return AniListLists(call_source(AniList.name, urgent=urgent).client, token)


# --- Tokens -------------------------------------------------------------------------------------


def redirect_uri() -> str:
    """Return where AniList sends people back; it has to be registered there, to the letter."""
    return f"{settings.SITE_URL}{CALLBACK}"


def get_grant(code: str) -> Grant:
    """Return the token for a code that somebody has come back with; raises TokenRefused."""
    return _grant({"grant_type": "authorization_code", "code": code})


def renew_grant(refresh_token: str) -> Grant:
    """Return a new token for an old one; raises TokenRefused, as today's AniList would."""
    return _grant({"grant_type": "refresh_token", "refresh_token": refresh_token})


def _grant(asked: Mapping[str, str]) -> Grant:
    client = call_source(AniList.name, urgent=True).client
    answer = client.request(
        "POST",
        AniList.address("ANILIST_TOKEN_URL"),
        json={
            **asked,
            "client_id": settings.ANILIST_CLIENT_ID,
            "client_secret": settings.ANILIST_CLIENT_SECRET,
            "redirect_uri": redirect_uri(),
        },
        headers={"Accept": "application/json"},
        accepts=(200, 400, 401),
        retries=False,  # a code is good once
    )
    if answer.status != 200:
        raise TokenRefused
    said = as_map(answer.json())
    token = said.get("access_token")
    if not isinstance(token, str) or not 0 < len(token) <= _MAX_TOKEN_CHARS:
        raise Unreadable(message_of("source_unreadable"))
    refresh_token = said.get("refresh_token")
    told = _read_token(token)
    ends_in = clean_count(said.get("expires_in"), at_least=1, at_most=10**9)
    now = timezone.now()
    ends_at = now + (timedelta(seconds=ends_in) if ends_in else _LIFETIME)
    return Grant(
        token,
        refresh_token if isinstance(refresh_token, str) and len(refresh_token) <= 10_000 else "",
        _moment(told.get("exp")) or ends_at,
        clean_count(told.get("sub"), at_least=1, at_most=_MAX_ID),
    )


def _read_token(token: str) -> dict[str, Any]:
    """Return what a token says of itself. It is AniList's to check it, not ours."""
    try:
        return dict(jwt.decode(token, options={"verify_signature": False}))
    except jwt.InvalidTokenError:
        return {}


# --- Answers ------------------------------------------------------------------------------------


def _failure(error: Any, status: int) -> SourceFailed:
    told = clean_count(inside(error, "status"), at_least=400, at_most=599) or status
    message = clean_name(inside(error, "message"))
    if told == 401 or message.casefold() == "invalid token":  # with status 400
        return TokenRefused()
    if told == 404:
        return Gone(message_of("not_found"))
    if told == 429:
        return SourceFailed(message_of("source_limited"), code="source_limited")
    if told == 403 or told >= 500:
        return SourceFailed(message_of("source_down"))
    texts = [
        clean_name(text)
        for said in as_map(inside(error, "validation")).values()
        for text in as_list(said)
    ]
    return Refused(" ".join(filter(None, texts)) or message)


def _every(value: Any) -> Iterator[Any]:
    """Yield all rows of a list, which may be long."""
    yield from value if isinstance(value, list) else ()


def _read_entry(row: Any) -> RemoteEntry:
    """Return an entry; raises Unreadable for what has no ids, as nothing may be missed."""
    row = as_map(row)
    entry_id = clean_count(row.get("id"), at_least=1, at_most=_MAX_ENTRY_ID)
    media_id = clean_count(row.get("mediaId"), at_least=1, at_most=_MAX_ID)
    if entry_id is None or media_id is None:
        raise Unreadable(message_of("source_unreadable"))
    return RemoteEntry(
        media_id=media_id,
        entry_id=entry_id,
        status=clean_name(row.get("status"), 20),
        score_raw=_score(row.get("score")),
        progress=_count(row.get("progress")),
        progress_volumes=_count(row.get("progressVolumes")),
        repeat=_count(row.get("repeat")),
        notes=_notes(row.get("notes")),
        is_private=row.get("private") is True,
        is_hidden=row.get("hiddenFromStatusLists") is True,
        started=_fuzzy(row.get("startedAt")),
        completed=_fuzzy(row.get("completedAt")),
        updated_at=_moment(row.get("updatedAt")),
        custom_lists=_custom_lists(row.get("customLists")),
    )


def _count(value: Any) -> int:
    return clean_count(value, at_most=_MAX_ID) or 0


def _score(value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return min(max(round(value), 0), 100) if is_number else 0


def _notes(value: Any) -> str:
    """Return notes as they are, but for what no database takes."""
    return value.replace("\0", "")[:_MAX_NOTES_CHARS] if isinstance(value, str) else ""


def _fuzzy(value: Any) -> FuzzyDate:
    return FuzzyDate(
        clean_count(inside(value, "year"), at_least=1, at_most=9999),
        clean_count(inside(value, "month"), at_least=1, at_most=12),
        clean_count(inside(value, "day"), at_least=1, at_most=31),
    )


def _moment(value: Any) -> datetime | None:
    """Return the moment of Unix seconds; 0 means that it is not known."""
    seconds = clean_count(value, at_least=1, at_most=2**33)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _custom_lists(value: Any) -> tuple[str, ...]:
    """Return the names of the lists that an entry is in; AniList has two forms of it."""
    if isinstance(value, dict):
        return tuple(clean_name(name) for name, is_in in value.items() if is_in)
    rows = as_list(value)
    names = [row if isinstance(row, str) else inside(row, "name") for row in rows]
    ins = [isinstance(row, str) or inside(row, "enabled") is not False for row in rows]
    return tuple(clean_name(name) for name, is_in in zip(names, ins, strict=True) if is_in and name)
