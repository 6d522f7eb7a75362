"""AniList's double: each query is checked against its type signatures and executed on them.

It has people with lists (`site.people`), and a page where somebody allows others to change theirs.
"""

import html
import json
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Visitor,
    build_schema,
    execute_sync,
    parse,
    validate,
    visit,
)
from graphql.execution.values import get_argument_values

from tests.sources.double import Double, Heard, Said, say_json
from tests.sources.doubles.anilist_lists import (
    PER_CHUNK,
    YEAR_SECONDS,
    Entry,
    People,
    Person,
    Refused,
    Write,
    score_in,
)
from tests.sources.doubles.catalogue import BY_KEY, WORKS, Work, cover_bytes, draw, find

SIGNATURES = Path(__file__).resolve().parent.parent / "anilist.graphql"
MAX_COMPLEXITY = 500
MAX_PER_PAGE = 50
CLIENT_ID, CLIENT_SECRET = "4711", "a-secret-of-the-double"
GENRE_TAGS = {"Adventure": "Travel", "Romance": "Lakes"}


def complexity(query: str) -> int:
    """Return the number of fields of a query, nested ones counted too."""
    count = 0

    class Counter(Visitor):
        def enter_field(self, _node: FieldNode, *_: Any) -> None:
            nonlocal count
            count += 1

    visit(parse(query), Counter())
    return count


def outage() -> Said:
    """Return what it says when its API is switched off."""
    return _failed(403, "The AniList API has been temporarily disabled.")


def too_many(*, with_headers: bool = True) -> Said:
    """Return its 429; the first one may come without headers."""
    headers = {"Retry-After": "60", "X-RateLimit-Limit": "90", "X-RateLimit-Remaining": "0"}
    return _failed(429, "Too Many Requests.", headers if with_headers else {})


def server_error() -> Said:
    """Return its 500, which says nothing of whether a mutation took effect."""
    return _failed(500, "Internal Server Error")


def _failed(status: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> Said:
    error = {"message": message, "status": status, "locations": [{"line": 1, "column": 1}], **more}
    return say_json({"data": None, "errors": [error]}, status, headers)


class AniList(Double):
    """The site. `queries` keeps what was asked; `works` may be replaced.

    `redirect_uris` are those that the client has registered; none: any will do.
    """

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.works: tuple[Work, ...] = tuple(work for work in WORKS if work.anilist)
        self.queries: list[str] = []
        self.overrides: dict[int, dict[str, Any]] = {}  # fields of a Media, by id
        self.people = People(self._length_of)
        self.redirect_uris: set[str] = set()
        self.token_seconds = YEAR_SECONDS
        self.refreshes = False  # as the real one: its refresh tokens are of no use
        self._write_faults: list[tuple[Said, bool]] = []
        self._one_at_a_time = threading.RLock()
        self.schema = _schema(self)

    def addresses(self) -> dict[str, str]:
        """See Double."""
        return {
            "ANILIST_GRAPHQL_URL": f"{self.url}/graphql",
            "ANILIST_AUTHORIZE_URL": f"{self.url}/api/v2/oauth/authorize",
            "ANILIST_TOKEN_URL": f"{self.url}/api/v2/oauth/token",
        }

    def environment(self) -> dict[str, str]:
        """See Double."""
        client = {"ANILIST_CLIENT_ID": CLIENT_ID, "ANILIST_CLIENT_SECRET": CLIENT_SECRET}
        return self.addresses() | client

    def plan_write(self, said: Said, *, times: int = 1, commits: bool = False) -> None:
        """Answer the next mutations with `said`, after they took effect where it `commits`."""
        with self._one_at_a_time:
            self._write_faults += [(said, commits)] * times

    def writes_of(self, person: Person) -> list[Write]:
        """Return the mutations of somebody's list that took effect."""
        return [write for write in self.people.writes if write.person_id == person.id]

    def forget(self) -> None:
        """See Double; people and their lists go too."""
        super().forget()
        with self._one_at_a_time:
            self._write_faults.clear()
            self.people = People(self._length_of)
            self.redirect_uris, self.refreshes = set(), False
            self.token_seconds = YEAR_SECONDS

    def refuse_over_limit(self, heard: Heard, calls: int, seconds: float) -> Said:
        """See Double."""
        return too_many()

    def answer(self, heard: Heard) -> Said:
        """See Double."""
        if heard.path.startswith("/covers/"):
            key = heard.path.removeprefix("/covers/").removesuffix(".jpg")
            if key in BY_KEY:
                return Said(200, cover_bytes(key), {"Content-Type": "image/jpeg"})
            return Said(200, draw("default", (100, 140), "JPEG"), {"Content-Type": "image/jpeg"})
        if heard.path == "/api/v2/oauth/authorize":
            return self._authorize(heard)
        if heard.path == "/api/v2/oauth/token" and heard.method == "POST":
            return self._give_token(heard.json())
        if heard.path != "/graphql" or heard.method != "POST":
            return _failed(404, "Not Found.")
        viewer = None
        if "authorization" in heard.headers:
            viewer = self.people.of_token(heard.headers["authorization"].removeprefix("Bearer "))
            if viewer is None:  # and not 401
                return _failed(400, "Invalid token")
        asked = heard.json()
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            return _failed(400, "No query or mutation provided.")
        self.queries.append(asked["query"])
        try:
            document, problem = _checked(self.schema, asked["query"])
        except GraphQLError as error:
            return _failed(400, error.message)
        if problem:
            return _failed(400, problem)
        with self._one_at_a_time:
            fault, commits = None, True
            if _writes(document) and self._write_faults:
                fault, commits = self._write_faults.pop(0)
            said = self._execute(document, asked, viewer) if commits else None
        return fault or said or server_error()

    def _execute(
        self, document: DocumentNode, asked: dict[str, Any], viewer: Person | None
    ) -> Said:
        done = execute_sync(
            self.schema,
            document,
            variable_values=asked.get("variables") or {},
            operation_name=asked.get("operationName"),
            context_value=viewer,
        )
        if done.errors:
            cause = done.errors[0].original_error
            status, message = 400, done.errors[0].message
            more: dict[str, Any] = {}
            if isinstance(cause, Refused):
                status, message = cause.status, cause.message
                more = {"validation": cause.validation} if cause.validation else {}
            elif isinstance(cause, LookupError):
                status, message = 404, "Not Found."
            top = [
                node.name.value
                for one in document.definitions
                if isinstance(one, OperationDefinitionNode)
                for node in one.selection_set.selections
                if isinstance(node, FieldNode)
            ]
            at = [{"line": 1, "column": 1}]
            told = {"message": message, "status": status, "locations": at, **more}
            return say_json({"errors": [told], "data": dict.fromkeys(top)}, status)
        headers = {"X-RateLimit-Limit": "90", "X-RateLimit-Remaining": "89"}  # more than it gives
        return say_json({"data": done.data}, 200, headers)

    # --- Permission -------------------------------------------------------------------------------

    def _authorize(self, heard: Heard) -> Said:
        """Show the page where somebody allows it, and lead back from there."""
        asked = dict(parse_qsl(heard.body.decode())) if heard.method == "POST" else {}
        asked = asked or {name: heard.one(name) for name in heard.query}
        redirect_uri = asked.get("redirect_uri", "")
        is_known = not self.redirect_uris or redirect_uri in self.redirect_uris
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            return Said(400, b"Client authentication failed", {"Content-Type": "text/plain"})
        if not is_known:  # to the letter
            return Said(400, b"Invalid redirect_uri", {"Content-Type": "text/plain"})
        state = {"state": asked["state"]} if "state" in asked else {}
        if heard.method == "GET":
            return Said(200, _page(asked, list(self.people.by_id.values())), _HTML)
        person = self.people.by_id.get(int(asked.get("person") or 0))
        if person is None:
            told = {"error": "access_denied", **state}
        else:
            code = self.people.make_code(person, client_id=CLIENT_ID, redirect_uri=redirect_uri)
            told = {"code": code, **state}
        return Said(302, b"", {"Location": f"{redirect_uri}?{urlencode(told)}"})

    def _give_token(self, asked: Any) -> Said:
        asked = asked if isinstance(asked, dict) else {}
        client = (str(asked.get("client_id")), asked.get("client_secret"))
        if client != (CLIENT_ID, CLIENT_SECRET):
            return say_json(
                {"error": "invalid_client", "message": "Client authentication failed"}, 401
            )
        person = None
        if asked.get("grant_type") == "authorization_code":
            redirect_uri = str(asked.get("redirect_uri"))
            person = self.people.take_code(
                str(asked.get("code")), client_id=CLIENT_ID, redirect_uri=redirect_uri
            )
        elif asked.get("grant_type") == "refresh_token" and self.refreshes:
            person = self.people.take_refresh_token(str(asked.get("refresh_token")))
        if person is None:
            return say_json({"error": "invalid_grant", "message": "It is not good."}, 400)
        token = self.people.make_token(person, seconds=self.token_seconds)
        return say_json(
            {
                "token_type": "Bearer", "expires_in": int(self.token_seconds),
                "access_token": token, "refresh_token": self.people.make_refresh_token(person),
            }
        )  # fmt: skip

    # --- Titles -----------------------------------------------------------------------------------

    def work_of(self, media_id: int) -> Work:
        """Return the work of an id; raises LookupError."""
        for work in self.works:
            if work.anilist == media_id:
                return work
        raise LookupError(media_id)

    def _length_of(self, media_id: int) -> int | None:
        work = self.work_of(media_id)
        return 1 if work.format == "MOVIE" else work.length

    def media(self, work: Work, *, with_relations: bool = True) -> dict[str, Any]:
        """Return a Media with all fields that are asked for."""
        assert work.anilist is not None
        section = work.type.lower()
        edges = [
            {"relationType": relation, "node": self.media(BY_KEY[key], with_relations=False)}
            for relation, key in work.related
            if with_relations and BY_KEY[key].anilist
        ]
        staff = [(work.author, "Story"), (work.artist, "Art")]
        if work.author == work.artist:
            staff = [(work.author, "Story & Art")]
        if work.type == "ANIME":
            staff = [(work.author, "Original Creator"), (work.artist, "Director")]
        return {
            "id": work.anilist,
            "idMal": work.mal,
            "title": {
                "romaji": work.romaji,
                "english": work.english,
                "native": work.native,
                "userPreferred": work.romaji or work.english or work.native,
            },
            "type": work.type,
            "format": work.format,
            "status": work.status,
            "description": work.story,
            "startDate": {"year": work.year, "month": None, "day": None},
            "endDate": {"year": None, "month": None, "day": None},
            "episodes": work.length if work.type == "ANIME" else None,
            "chapters": work.length if work.type == "MANGA" else None,
            "volumes": work.volumes,
            "duration": work.minutes,
            "countryOfOrigin": work.country,
            "isAdult": work.is_adult,
            "genres": list(work.genres),
            "synonyms": [name for name in (work.russian, work.kyrgyz) if name],
            "tags": [
                {"id": 1, "name": GENRE_TAGS[genre], "rank": 80, "isMediaSpoiler": False,
                 "isGeneralSpoiler": False, "isAdult": False}
                for genre in work.genres if genre in GENRE_TAGS
            ],
            "coverImage": {
                "extraLarge": f"{self.url}/covers/{work.key}.jpg",
                "large": f"{self.url}/covers/{work.key}.jpg",
                "medium": None,
                "color": None,
            },
            "siteUrl": f"https://anilist.co/{section}/{work.anilist}",
            "isFavourite": False,
            "isFavouriteBlocked": False,
            "mediaListEntry": lambda info: self._entry_of(info.context, work.anilist),
            "relations": {"edges": edges} if with_relations else None,
            "staff": {
                "edges": [
                    {"role": role, "node": {"id": at, "name": {"full": name, "native": None}}}
                    for at, (name, role) in enumerate(staff, 1)
                    if name
                ]
            },
            "studios": {
                "nodes": [{"id": 1, "name": work.studio, "isAnimationStudio": True,
                           "isFavourite": False}] if work.studio else []
            },
            "characters": {"edges": []},
            **self.overrides.get(work.anilist, {}),
        }  # fmt: skip

    # --- Lists ------------------------------------------------------------------------------------

    def _entry_of(self, viewer: Person | None, media_id: int | None) -> Any:
        """Return the viewer's own entry of a title; None without a token."""
        entry = None if viewer is None or media_id is None else viewer.entries.get(media_id)
        return None if entry is None or viewer is None else self.entry(viewer, entry)

    def entry(self, person: Person, entry: Entry) -> dict[str, Any]:
        """Return a MediaList with all fields that are asked for."""

        def custom_lists(_info: Any, **given: Any) -> Any:
            names = {name: name in entry.custom_lists for name in person.custom_lists}
            if not given.get("asArray"):
                return names
            return [{"name": name, "enabled": is_in} for name, is_in in names.items()]

        return {
            "id": entry.id, "userId": person.id, "mediaId": entry.media_id,
            "status": entry.status,
            "score": lambda _info, **given: score_in(
                entry.score_raw, given.get("format") or person.score_format
            ),
            "progress": entry.progress, "progressVolumes": entry.progress_volumes,
            "repeat": entry.repeat, "priority": 0, "private": entry.private, "notes": entry.notes,
            "hiddenFromStatusLists": entry.hidden, "customLists": custom_lists,
            "startedAt": entry.started, "completedAt": entry.completed,
            "updatedAt": entry.updated_at, "createdAt": entry.created_at,
            "media": lambda _info: self.media(self.work_of(entry.media_id), with_relations=False),
            "user": lambda _info: self.user(person),
        }  # fmt: skip

    def user(self, person: Person) -> dict[str, Any]:
        """Return a User."""
        return {
            "id": person.id, "name": person.name,
            "mediaListOptions": {"scoreFormat": person.score_format},
        }  # fmt: skip

    def collection(self, viewer: Person | None, given: dict[str, Any]) -> dict[str, Any]:
        """Return a MediaListCollection: a chunk of what stands in the lists, with repetitions."""
        people = self.people.by_id
        person = people.get(given.get("userId") or 0) or next(
            (one for one in people.values() if one.name == given.get("userName")), None
        )
        if given.get("type") is None:
            raise Refused(400, "validation", {"type": ["The type field is required."]})
        if person is None:
            raise Refused(404, "User not found")
        is_owner = viewer is not None and viewer.id == person.id
        if person.is_private and not is_owner:
            raise Refused(404, "Private User")
        ids = {work.anilist for work in self.works if work.anilist and work.type == given["type"]}
        rows = list(self.people.groups(person, ids, owner=is_owner))
        wanted = given.get("status_in")
        rows = [row for row in rows if wanted is None or row[2].status in wanted]
        size = min(given.get("perChunk") or PER_CHUNK, PER_CHUNK)
        start = (max(given.get("chunk") or 1, 1) - 1) * size
        lists: dict[tuple[str, bool], list[Entry]] = {}
        for name, is_custom, entry in rows[start : start + size]:
            lists.setdefault((name, is_custom), []).append(entry)
        return {
            "user": self.user(person),
            "hasNextChunk": len(rows) > start + size,
            "lists": [
                {
                    "name": name, "isCustomList": is_custom, "isSplitCompletedList": False,
                    "status": None if is_custom else entries[0].status,
                    "entries": [self.entry(person, entry) for entry in entries],
                }
                for (name, is_custom), entries in lists.items()
            ],
        }  # fmt: skip

    def chosen(self, given: dict[str, Any]) -> list[Work]:
        """Return the works that the arguments of `Page.media` or `Media` choose."""
        works = list(self.works)
        if "search" in given:
            works = find(self.works, given["search"] or "")
        rules: dict[str, Any] = {
            "id": lambda work, value: work.anilist == value,
            "id_in": lambda work, value: work.anilist in value,
            "idMal": lambda work, value: work.mal == value,
            "idMal_in": lambda work, value: work.mal in value,
            "type": lambda work, value: work.type == value,
            "format": lambda work, value: work.format == value,
            "format_in": lambda work, value: work.format in value,
            "format_not": lambda work, value: work.format != value,
            "countryOfOrigin": lambda work, value: work.country == value,
            "isAdult": lambda work, value: bool(work.is_adult) == value,
        }
        for name, value in given.items():
            if name in rules and value is not None:
                works = [work for work in works if rules[name](work, value)]
        return works


_HTML = {"Content-Type": "text/html; charset=UTF-8"}


def _page(asked: dict[str, str], people: Sequence[Person]) -> bytes:
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in asked.items()
    )
    buttons = "".join(
        f'<p><button name="person" value="{person.id}">Authorize as {html.escape(person.name)}'
        "</button></p>"
        for person in people
    )
    return (
        "<!DOCTYPE html><html lang=en><title>Authorize</title><h1>Authorize MangaKG?</h1>"
        f'<form method="post">{hidden}{buttons}<p><button name="person" value="0">Deny</button>'
        "</p></form></html>"
    ).encode()


@lru_cache(maxsize=200)
def _checked(schema: GraphQLSchema, query: str) -> tuple[DocumentNode, str]:
    """Return a query, and what is wrong with it; raises GraphQLError where it is none."""
    document = parse(query)
    if problems := validate(schema, document):
        return document, problems[0].message
    if (count := complexity(query)) > MAX_COMPLEXITY:
        return document, f"Max query complexity should be 500 but got {count}."
    return document, ""


def _writes(document: DocumentNode) -> bool:
    return any(
        isinstance(one, OperationDefinitionNode) and one.operation == OperationType.MUTATION
        for one in document.definitions
    )


def _schema(site: AniList) -> GraphQLSchema:
    schema = build_schema(SIGNATURES.read_text())
    query, mutation = schema.query_type, schema.mutation_type
    assert query is not None
    assert mutation is not None

    def viewer_of(info: Any) -> Person:
        if info.context is None:
            raise Refused(401, "Unauthorized.")
        person: Person = info.context
        return person

    def save(_root: Any, info: Any, **given: Any) -> Any:
        person = viewer_of(info)
        return site.entry(person, site.people.save(person, given))

    def delete(_root: Any, info: Any, **given: Any) -> Any:
        site.people.delete(viewer_of(info), given.get("id") or 0)
        return {"deleted": True}

    query.fields["Viewer"].resolve = lambda _root, info: site.user(viewer_of(info))
    query.fields["MediaListCollection"].resolve = lambda _root, info, **given: site.collection(
        info.context, given
    )
    mutation.fields["SaveMediaListEntry"].resolve = save
    mutation.fields["DeleteMediaListEntry"].resolve = delete

    def media(_root: Any, _info: Any, **given: Any) -> Any:
        found = site.chosen(given)
        if not found:
            raise LookupError(json.dumps(given))
        return site.media(found[0])

    def page(_root: Any, info: Any, **given: Any) -> Any:
        size = min(given.get("perPage") or MAX_PER_PAGE, MAX_PER_PAGE)
        start = (max(given.get("page") or 1, 1) - 1) * size
        found: list[Work] = []
        for node in info.field_nodes[0].selection_set.selections:
            if isinstance(node, FieldNode) and node.name.value == "media":
                found = site.chosen(
                    get_argument_values(fields["media"], node, info.variable_values)
                )
        return {
            "media": [site.media(work) for work in found[start : start + size]],
            # `total` and `lastPage` say nothing there.
            "pageInfo": {
                "total": 5000, "perPage": size, "currentPage": start // size + 1, "lastPage": 100,
                "hasNextPage": len(found) > start + size,
            },
        }  # fmt: skip

    fields = schema.type_map["Page"].fields
    query.fields["Media"].resolve = media
    query.fields["Page"].resolve = page
    return schema
