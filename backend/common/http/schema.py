"""Describes our paths in the OpenAPI schema."""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import Serializer

_REFUSED_BODY = {
    "408": "The body stopped coming before all of it was here.",
    "411": "The body came without its length.",
    "413": "The body is larger than this path takes.",
    "415": "The body is of another type, or not in UTF-8.",
}


class PathSchema(AutoSchema):
    """Names operations after their method and path, so that a name never changes."""

    def get_operation_id(self) -> str:
        """Return a name such as get_series_chapters or get_chapter_by_id."""
        words = re.sub(r"{(\w+)}", r"by_\1", self.path.removeprefix("/api").strip("/"))
        return f"{self.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', words.lower())}"

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Return the name of a component: XShape for an XSerializer of an answer.

        Clients are generated with these names, so they do not change with those of the classes.
        """
        name = type(serializer).__name__
        if direction == "response" and name.endswith("Serializer"):
            return f"{name.removesuffix('Serializer')}Shape"
        return name

    def get_paginated_name(self, serializer_name: str) -> str:
        """Return the name of a page of these rows: UploadPage of UploadRowSerializer."""
        return f"{serializer_name.removesuffix('Shape').removesuffix('Row')}Page"

    def map_query(self, query: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the schema of each parameter in a query string."""
        mapped: dict[str, Any] = self._map_serializer(query(), "request")  # type: ignore[no-untyped-call]
        properties: dict[str, Any] = mapped["properties"]
        return properties


def without_trailing_slashes(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Keep only the form of each path without a trailing slash; both work."""
    result["paths"] = {path.rstrip("/"): found for path, found in result["paths"].items()}
    return result


def with_refused_bodies(result: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Add to every operation with a body the answers by which one is refused unread."""
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
