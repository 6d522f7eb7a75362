"""How our paths stand in the OpenAPI schema."""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema

_REFUSED_BODY = {
    "408": "The body stopped coming before all of it was here.",
    "411": "The body came without its length.",
    "413": "The body is larger than this path takes.",
    "415": "The body is of another type, or not in UTF-8.",
}


class PathSchema(AutoSchema):
    """Operations are called after their method and path, so that a name never moves."""

    def get_operation_id(self) -> str:
        """Return such as get_series_chapters or get_chapter_by_id."""
        words = re.sub(r"{(\w+)}", r"by_\1", self.path.removeprefix("/api").strip("/"))
        return f"{self.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', words.lower())}"


def without_trailing_slashes(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Tell the shorter form of each path; both work."""
    result["paths"] = {path.rstrip("/"): found for path, found in result["paths"].items()}
    return result


def with_refused_bodies(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Tell of every operation that takes a body how one is refused unread."""
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorShape"}}}
    refusals = {
        status: {"content": error, "description": words} for status, words in _REFUSED_BODY.items()
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                responses = operation["responses"] | refusals
                operation["responses"] = dict(sorted(responses.items()))
    return result
