"""Uploads as their uploaders and moderators are told of them."""

from typing import Any

from catalog.rows import path_slug
from common.files.media import media_url
from common.files.signed_urls import private_url
from common.http.renderers import plain_number
from reader.intake import quarantine
from reader.intake.rejections import failure_sentence
from reader.models import Page, Upload, UploadQuerySet
from reader.reading.places import replaced_work


def with_words(uploads: UploadQuerySet) -> UploadQuerySet:
    """Fetch all that a row tells in one query."""
    return uploads.select_related(
        "chapter__series", "chapter__group", "chapter__volume", "uploader"
    )


def upload_row(upload: Upload) -> dict[str, Any]:
    """Return one upload of `with_words`."""
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
        "series": {"id": series.pk, "slug": path_slug(series.pk, series.slug), "name": series.name},
        "uploader": upload.uploader.username if upload.uploader else None,
        "reason": upload.reason or None,
        "created_at": upload.created_at,
        "decided_at": upload.decided_at,
        "url": upload_url(upload),
    }


def replaced_row(upload: Upload) -> dict[str, Any] | None:
    """Return the chapter of another volume or title that the upload would replace, if any."""
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


def page_url(upload: Upload, page: Page) -> str:
    """Return where a page's picture is: public once it is published, signed for a while before."""
    if page.file is not None:
        return media_url(page.file.name)
    return private_url(quarantine.page_name(upload, page.sha256), page.content_type)


def small_page_url(upload: Upload, page: Page) -> str:
    """Return where its variant for savers of data is, else the picture itself."""
    return media_url(page.saver.name) if page.saver is not None else page_url(upload, page)


def upload_url(upload: Upload) -> str:
    """Return the API's address of an upload."""
    return f"/api/uploads/{upload.pk}"
