"""Shows uploads to their uploaders and to moderators."""

from typing import Any

from rest_framework import serializers

from catalog.rows import path_slug
from common.http.renderers import plain_number
from reader.api.serializers import GroupSerializer, SeriesLinkSerializer
from reader.intake.quarantine import page_url
from reader.intake.quotas import QuotaLeft
from reader.intake.rejections import failure_sentence
from reader.models import Upload, UploadQuerySet
from reader.reading.chapters import replaced_work
from reader.states import UploadState


def with_words(uploads: UploadQuerySet) -> UploadQuerySet:
    """Join all rows that `upload_row` needs, so that it needs no more queries."""
    return uploads.select_related(
        "chapter__series", "chapter__group", "chapter__volume", "uploader"
    )


def upload_row(upload: Upload) -> dict[str, Any]:
    """Return the facts of an upload; fetch it through `with_words`."""
    chapter, series, group = upload.chapter, upload.chapter.series, upload.chapter.group
    return {
        "id": upload.pk,
        "state": upload.state,
        "error_code": upload.error_code or None,
        "detail": failure_sentence(upload),
        "malicious": upload.malicious,
        "page_count": upload.page_count,
        "filename": upload.filename,
        "archive_bytes": upload.archive_bytes,
        "progress": {"pages_done": upload.pages_done, "pages_total": upload.pages_planned},
        "chapter": {
            "id": chapter.pk,
            "number": None if chapter.number is None else plain_number(chapter.number),
            "title": upload.title,
            "language": chapter.language,
            "volume": upload.volume_number,
            "group": {"slug": group.slug, "name": group.name} if group else None,
        },
        "replaces": replaced_row(upload),
        "series": {
            "id": series.pk,
            "slug": path_slug(series.pk, series.slug),
            "name": series.name,
            "names": series.names,
        },
        "uploader": upload.uploader.username if upload.uploader else None,
        "source": {"name": upload.source, **upload.source_facts} if upload.source_facts else None,
        "reason": upload.reason or None,
        "created_at": upload.created_at,
        "decided_at": upload.decided_at,
        "url": upload_url(upload),
    }


def replaced_row(upload: Upload) -> dict[str, Any] | None:
    """Return the chapter of another volume or title that the upload would replace, or None."""
    chapter = replaced_work(upload)
    if chapter is None:
        return None
    return {
        "id": chapter.pk,
        "number": None if chapter.number is None else plain_number(chapter.number),
        "title": chapter.title,
        "volume": chapter.volume.number if chapter.volume else None,
    }


def upload_detail(upload: Upload) -> dict[str, Any]:
    """Return an upload with its pages: public addresses once it is live, signed ones before."""
    pages = upload.pages.select_related("file").order_by("number")
    return upload_row(upload) | {
        "pages": [
            {
                "number": page.number,
                "name": page.name,
                "type": page.content_type,
                "width": page.width,
                "height": page.height,
                "bytes": page.bytes,
                "url": page_url(upload, page),
            }
            for page in pages
        ]
    }


def upload_url(upload: Upload) -> str:
    """Return the path of an upload in the API."""
    return f"/api/uploads/{upload.pk}"


class ReplacedChapterSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_blank=True)
    volume = serializers.IntegerField(allow_null=True)


_REPLACES = "the live chapter of another volume or title that it would replace: a moderator decides"


class UploadChapterSerializer(serializers.Serializer[None]):
    id = serializers.IntegerField()
    number = serializers.CharField(allow_null=True)
    title = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    volume = serializers.IntegerField(allow_null=True)
    group = GroupSerializer(allow_null=True)


class UploadSourceSerializer(serializers.Serializer[None]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of DRF's has this name
    site_url = serializers.CharField(allow_blank=True)
    groups = serializers.ListField(child=serializers.CharField())
    credits = serializers.CharField(allow_blank=True)


class UploadProgressSerializer(serializers.Serializer[None]):
    pages_done = serializers.IntegerField()
    pages_total = serializers.IntegerField(allow_null=True)


class UploadRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(UploadState.choices)
    error_code = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_blank=True)
    malicious = serializers.BooleanField()
    page_count = serializers.IntegerField()
    filename = serializers.CharField()
    archive_bytes = serializers.IntegerField()
    progress = UploadProgressSerializer()
    chapter = UploadChapterSerializer()
    replaces = ReplacedChapterSerializer(allow_null=True, help_text=_REPLACES)
    series = SeriesLinkSerializer()
    uploader = serializers.CharField(allow_null=True)
    source = UploadSourceSerializer(  # type: ignore[assignment]
        allow_null=True, help_text="the other site that it comes from; it has no uploader then"
    )
    reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()
    row_of = staticmethod(upload_row)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return the facts of `row_of`."""
        return super().to_representation(self.row_of(instance))


class UploadPageSerializer(serializers.Serializer[None]):
    number = serializers.IntegerField()
    name = serializers.CharField()
    type = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField()
    url = serializers.CharField()


class UploadSerializer(UploadRowSerializer):
    pages = UploadPageSerializer(many=True)
    row_of = staticmethod(upload_detail)


class QuotaSerializer(serializers.Serializer[QuotaLeft]):
    uploads_left = serializers.IntegerField(allow_null=True)
    bytes_left = serializers.IntegerField(allow_null=True)
    waiting_left = serializers.IntegerField(allow_null=True)
    decoding_seconds_left = serializers.IntegerField(
        allow_null=True, help_text="how long zips that are sent today may still be checked"
    )
    again_at = serializers.DateTimeField(
        allow_null=True, help_text="when a day that is used up takes more; null while it is not"
    )


class UploadAcceptedSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(UploadState.choices)
    url = serializers.CharField()
    replaces = ReplacedChapterSerializer(allow_null=True, help_text=_REPLACES)

    def to_representation(self, instance: Upload) -> dict[str, Any]:
        """Return where an accepted upload is followed, and which chapter it would replace."""
        return super().to_representation(
            {
                "id": instance.pk,
                "state": instance.state,
                "url": upload_url(instance),
                "replaces": replaced_row(instance),
            }
        )
