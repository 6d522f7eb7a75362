"""/api/schema is written once, as it takes a third of a second and changes only with the code."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language, override
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request


class SchemaView(SpectacularAPIView):
    """The schema, in the language of `?lang=` or of the request."""

    authentication_classes: list[type[BaseAuthentication]] = []

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **options: Any) -> HttpResponse:
        """Answer the schema that was written once."""
        asked = request.query_params.get("lang", "")
        language = asked if asked in dict(settings.LANGUAGES) else get_language()
        renderer = request.accepted_renderer
        return HttpResponse(
            write_schema(renderer.format, language),
            content_type=renderer.media_type,
            headers={"Content-Disposition": f'inline; filename="MangaKG.{renderer.format}"'},
        )


@lru_cache
def write_schema(format_: str, language: str) -> bytes:
    """Return the schema as yaml or json; one is kept for each of these in each language."""
    renderer = OpenApiYamlRenderer() if format_ == "yaml" else OpenApiJsonRenderer()
    generator: Any = SchemaGenerator()  # type: ignore[no-untyped-call]
    with override(language):
        written: bytes = renderer.render(generator.get_schema(public=True))
    return written
