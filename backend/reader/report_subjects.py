"""Chapters and their pages can be reported."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.http.renderers import plain_number
from common.report_subjects import Subject, SubjectKind
from reader.models import Chapter, Page

CHAPTER, PAGE = "chapter", "page"


def _find_chapter(viewer: User, pk: int) -> Subject | None:
    chapters = Chapter.objects.all().visible_to(viewer).select_related("series", "live_upload")
    chapter = chapters.filter(pk=pk).first()
    if chapter is None:
        return None
    upload = chapter.live_upload
    return Subject(_name_of(chapter), f"/read/{pk}", upload.uploader_id if upload else None)


def _find_page(viewer: User, pk: int) -> Subject | None:
    pages = Page.objects.all().visible_to(viewer).select_related("upload__chapter__series")
    page = pages.filter(pk=pk).first()
    if page is None:
        return None
    chapter = page.upload.chapter
    label = f"{_name_of(chapter)}, p. {page.number}"
    return Subject(label, f"/read/{chapter.pk}", page.upload.uploader_id)


def _name_of(chapter: Chapter) -> str:
    number = "" if chapter.number is None else f" #{plain_number(chapter.number)}"
    return f"{chapter.series.name}{number} [{chapter.language}]"


SUBJECT_KINDS = {
    CHAPTER: SubjectKind(_("chapter"), _find_chapter, "admin:reader_chapter_change"),
    PAGE: SubjectKind(_("page"), _find_page, "admin:reader_page_change"),
}
