"""AniList's double: each query is checked against its type signatures and executed on them."""

import json
from pathlib import Path
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Visitor,
    build_schema,
    execute_sync,
    parse,
    validate,
    visit,
)
from graphql.execution.values import get_argument_values

from tests.sources.double import Double, Heard, Said, say_json
from tests.sources.doubles.catalogue import BY_KEY, WORKS, Work, cover_bytes, draw, find

SIGNATURES = Path(__file__).resolve().parent.parent / "anilist.graphql"
MAX_COMPLEXITY = 500
MAX_PER_PAGE = 50
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


def _failed(status: int, message: str, headers: dict[str, str] | None = None) -> Said:
    error = {"message": message, "status": status, "locations": [{"line": 1, "column": 1}]}
    return say_json({"data": None, "errors": [error]}, status, headers)


class AniList(Double):
    """The site. `queries` keeps what was asked; `works` may be replaced."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.works: tuple[Work, ...] = tuple(work for work in WORKS if work.anilist)
        self.queries: list[str] = []
        self.overrides: dict[int, dict[str, Any]] = {}  # fields of a Media, by id
        self.schema = _schema(self)

    def addresses(self) -> dict[str, str]:
        """See Double."""
        return {
            "ANILIST_GRAPHQL_URL": f"{self.url}/graphql",
            "ANILIST_AUTHORIZE_URL": f"{self.url}/api/v2/oauth/authorize",
            "ANILIST_TOKEN_URL": f"{self.url}/api/v2/oauth/token",
        }

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
        if heard.path != "/graphql" or heard.method != "POST":
            return _failed(404, "Not Found.")
        if "authorization" in heard.headers:
            return _failed(400, "Invalid token")
        asked = heard.json()
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            return _failed(400, "No query or mutation provided.")
        return self._execute(asked)

    def _execute(self, asked: dict[str, Any]) -> Said:
        self.queries.append(asked["query"])
        try:
            document = parse(asked["query"])
        except GraphQLError as error:
            return _failed(400, error.message)
        if problems := validate(self.schema, document):
            return _failed(400, problems[0].message)
        if (count := complexity(asked["query"])) > MAX_COMPLEXITY:
            return _failed(400, f"Max query complexity should be 500 but got {count}.")
        done = execute_sync(
            self.schema,
            document,
            variable_values=asked.get("variables") or {},
            operation_name=asked.get("operationName"),
        )
        if done.errors:
            missing = isinstance(done.errors[0].original_error, LookupError)
            status, message = (404, "Not Found.") if missing else (400, done.errors[0].message)
            top = [
                node.name.value
                for one in document.definitions
                if isinstance(one, OperationDefinitionNode)
                for node in one.selection_set.selections
                if isinstance(node, FieldNode)
            ]
            told = {"message": message, "status": status, "locations": [{"line": 1, "column": 1}]}
            return say_json({"errors": [told], "data": dict.fromkeys(top)}, status)
        headers = {"X-RateLimit-Limit": "90", "X-RateLimit-Remaining": "89"}  # more than it gives
        return say_json({"data": done.data}, 200, headers)

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


def _schema(site: AniList) -> GraphQLSchema:
    schema = build_schema(SIGNATURES.read_text())
    query = schema.query_type
    assert query is not None

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
