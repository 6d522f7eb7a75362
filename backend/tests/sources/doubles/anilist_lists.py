"""The people of AniList's double: their lists, and the tokens by which others may change them."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jwt

YEAR_SECONDS = 365 * 86_400
MOST_ENTRIES = 11_000
PER_CHUNK = 500
STATUSES = ("CURRENT", "PLANNING", "COMPLETED", "DROPPED", "PAUSED", "REPEATING")
_NO_DATE = {"year": None, "month": None, "day": None}


@dataclass
class Entry:
    """An entry of a list; `score_raw` is 0 to 100."""

    id: int
    media_id: int
    status: str = "CURRENT"
    score_raw: int = 0
    progress: int = 0
    progress_volumes: int = 0
    repeat: int = 0
    notes: str | None = None
    private: bool = False
    hidden: bool = False
    started: dict[str, int | None] = field(default_factory=lambda: dict(_NO_DATE))
    completed: dict[str, int | None] = field(default_factory=lambda: dict(_NO_DATE))
    custom_lists: tuple[str, ...] = ()
    updated_at: int = 0
    created_at: int = 0


@dataclass
class Person:
    """Somebody with an account; `entries` by the id of the title."""

    id: int
    name: str
    score_format: str = "POINT_10_DECIMAL"
    is_private: bool = False
    entries: dict[int, Entry] = field(default_factory=dict)
    custom_lists: tuple[str, ...] = ("Favourites", "Кийин окуйм")


@dataclass(frozen=True)
class Write:
    """A mutation that took effect: "save" or "delete", and what was given."""

    person_id: int
    what: str
    media_id: int
    given: dict[str, Any]


class Refused(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, message: str, validation: dict[str, list[str]] | None = None):
        super().__init__(message)
        self.status = status
        self.message = message
        self.validation = validation


# The fields of Entry by the arguments of SaveMediaListEntry.
_FIELDS = {
    "status": "status", "scoreRaw": "score_raw", "progress": "progress",
    "progressVolumes": "progress_volumes", "repeat": "repeat", "notes": "notes",
    "private": "private", "hiddenFromStatusLists": "hidden",
}  # fmt: skip
_STEPS = {
    "POINT_100": lambda score: score,
    "POINT_10_DECIMAL": lambda score: score / 10,
    "POINT_10": lambda score: score // 10,
    "POINT_5": lambda score: 0 if not score else 1 + sum(score >= at for at in (30, 50, 70, 90)),
    "POINT_3": lambda score: 0 if not score else 1 + sum(score > at for at in (35, 60)),
}
_RAW = {"POINT_100": 1, "POINT_10_DECIMAL": 10, "POINT_10": 10, "POINT_5": 20, "POINT_3": 33}


class People:
    """All accounts. What AniList may do by itself can be switched off, as nobody knows of it."""

    def __init__(self, length_of: Callable[[int], int | None]) -> None:
        """`length_of` returns the length of a title, None where it is open; raises LookupError."""
        self.by_id: dict[int, Person] = {}
        self.writes: list[Write] = []
        self.clock: Callable[[], float] = time.time
        self.caps_progress = True
        self.fills_completed = True
        self.bumps_equal_saves = True
        self._length_of = length_of
        self._last_entry = 900_000
        self._key = secrets.token_hex(32)
        self._tokens: dict[str, int] = {}
        self._codes: dict[str, tuple[int, str, str]] = {}
        self._refresh_tokens: dict[str, int] = {}

    def add(self, name: str, **columns: Any) -> Person:
        """Register somebody."""
        person = Person(5_000 + len(self.by_id) + 1, name, **columns)
        self.by_id[person.id] = person
        return person

    # --- Tokens -----------------------------------------------------------------------------------

    def make_token(self, person: Person, *, seconds: float = YEAR_SECONDS) -> str:
        """Return a token as AniList makes them: a JWT."""
        now = int(time.time())
        claims = {
            "aud": "1", "jti": secrets.token_hex(16), "iat": now, "nbf": now,
            "exp": now + int(seconds), "sub": str(person.id), "scopes": [],
        }  # fmt: skip
        token = jwt.encode(claims, self._key, algorithm="HS256")
        self._tokens[token] = person.id
        return token

    def make_code(self, person: Person, *, client_id: str, redirect_uri: str) -> str:
        """Return the code that somebody's browser brings back; it is good once."""
        code = secrets.token_hex(200)
        self._codes[code] = (person.id, client_id, redirect_uri)
        return code

    def take_code(self, code: str, *, client_id: str, redirect_uri: str) -> Person | None:
        """Return whose code it is, and forget it; None where it is not good."""
        person_id, *asked = self._codes.pop(code, (0, "", ""))
        return self.by_id.get(person_id) if asked == [client_id, redirect_uri] else None

    def make_refresh_token(self, person: Person) -> str:
        """Return a refresh token, which real ones are of no use."""
        token = secrets.token_hex(40)
        self._refresh_tokens[token] = person.id
        return token

    def take_refresh_token(self, token: str) -> Person | None:
        """Return whose it is, and forget it."""
        return self.by_id.get(self._refresh_tokens.pop(token, 0))

    def revoke(self, person: Person) -> None:
        """Take back all permissions that somebody gave."""
        self._tokens = {token: pk for token, pk in self._tokens.items() if pk != person.id}

    def of_token(self, token: str) -> Person | None:
        """Return whose token it is; None where it is not good, or no more."""
        try:
            jwt.decode(token, self._key, algorithms=["HS256"], options={"verify_aud": False})
        except jwt.InvalidTokenError:
            return None
        return self.by_id.get(self._tokens.get(token, 0))

    # --- Lists ------------------------------------------------------------------------------------

    def put(self, person: Person, media_id: int, **fields: Any) -> Entry:
        """Change an entry as its owner does at the site, and return it."""
        now = int(self.clock())
        entry = person.entries.get(media_id)
        if entry is None:
            self._last_entry += 1
            entry = Entry(self._last_entry, media_id, created_at=now)
            person.entries[media_id] = entry
        for name, value in fields.items():
            setattr(entry, name, value)
        entry.updated_at = fields.get("updated_at", now)
        return entry

    def take_out(self, person: Person, media_id: int) -> None:
        """Remove an entry as its owner does at the site."""
        del person.entries[media_id]

    def save(self, person: Person, given: dict[str, Any]) -> Entry:
        """Do what SaveMediaListEntry does; raises Refused and LookupError."""
        media_id = self._media_of(person, given)
        length = self._length_of(media_id)
        changes = _checked(person, given)
        old = person.entries.get(media_id)
        before = None if old is None else dict(vars(old))
        if changes.get("status") == "COMPLETED" and self.fills_completed and length is not None:
            was = "" if old is None else old.status
            if was != "COMPLETED" and "progress" not in changes:
                changes["progress"] = length
        if self.caps_progress and length is not None and "progress" in changes:
            changes["progress"] = min(changes["progress"], length)
        entry = self.put(person, media_id, **changes)
        after = {**vars(entry), "updated_at": before["updated_at"] if before else 0}
        if before == after and not self.bumps_equal_saves:
            entry.updated_at = before["updated_at"]
        self.writes.append(Write(person.id, "save", media_id, given))
        return entry

    def delete(self, person: Person, entry_id: int) -> None:
        """Do what DeleteMediaListEntry does, by the id of the entry."""
        entry = next((one for one in person.entries.values() if one.id == entry_id), None)
        if entry is None:
            raise LookupError(entry_id)
        del person.entries[entry.media_id]
        self.writes.append(Write(person.id, "delete", entry.media_id, {"id": entry_id}))

    def _media_of(self, person: Person, given: dict[str, Any]) -> int:
        if given.get("id") is None:
            if given.get("mediaId") is None:
                raise Refused(400, "validation", {"mediaId": ["The media id field is required."]})
            return int(given["mediaId"])
        found = [one.media_id for one in person.entries.values() if one.id == given["id"]]
        if not found:
            raise LookupError(given["id"])
        return found[0]

    def groups(
        self, person: Person, media_ids: set[int], *, owner: bool
    ) -> Iterator[tuple[str, bool, Entry]]:
        """Yield (name of a list, whether it is a custom one, entry) for each place of an entry."""
        newest = sorted(person.entries.values(), key=lambda one: (-one.updated_at, one.id))
        entries = [
            one for one in newest if one.media_id in media_ids and (owner or not one.private)
        ][:MOST_ENTRIES]
        for status in STATUSES:
            for entry in entries:
                if entry.status == status and not entry.hidden:
                    yield status.title(), False, entry
        for name in person.custom_lists:
            for entry in entries:
                if name in entry.custom_lists:
                    yield name, True, entry


def score_in(score_raw: int, score_format: str) -> float:
    """Return a score as a format shows it."""
    return float(_STEPS[score_format](score_raw))


def _checked(person: Person, given: dict[str, Any]) -> dict[str, Any]:
    """Return what changes of an entry: only what was given. Raises Refused."""
    wrong = {}
    changes = {_FIELDS[name]: value for name, value in given.items() if name in _FIELDS}
    if "score" in given and given["score"] is not None:
        changes["score_raw"] = round(given["score"] * _RAW[person.score_format])
    for name in ("score_raw", "progress", "progress_volumes", "repeat"):
        most = 100 if name == "score_raw" else 2**15
        if changes.get(name) is None:
            changes.pop(name, None)
        elif not 0 <= changes[name] <= most:
            wrong[name] = [f"The {name} may not be greater than {most}."]
    for argument, name in (("startedAt", "started"), ("completedAt", "completed")):
        if argument in given:
            changes[name] = _NO_DATE | (given[argument] or {})
    if "customLists" in given:
        changes["custom_lists"] = tuple(given["customLists"] or ())
    if wrong:
        raise Refused(400, "validation", wrong)
    return changes
