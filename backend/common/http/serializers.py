"""Serializers of answers that many paths share: errors, and pages of lists."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[None]):
    """The body of every error."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), required=False
    )  # type: ignore[assignment]
    upload = serializers.IntegerField(required=False, help_text="the failed upload that was kept")
    malicious = serializers.BooleanField(required=False, help_text="whether it counts as a strike")


def numbered_list(row: type[serializers.Serializer[Any]], name: str) -> Any:
    """Return the serializer of a numbered page of `row`."""
    return inline_serializer(
        name,
        {
            "count": serializers.IntegerField(),
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
            "results": row(many=True),
        },
    )


def cursor_list(row: type[serializers.Serializer[Any]], name: str) -> Any:
    """Return the serializer of a page of `row` that is read by cursor."""
    return inline_serializer(
        name,
        {
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
            "results": row(many=True),
        },
    )


def refusals(*statuses: int) -> dict[int, type[ErrorSerializer]]:
    """Return the error answers of a path, for its schema."""
    return dict.fromkeys(statuses, ErrorSerializer)
