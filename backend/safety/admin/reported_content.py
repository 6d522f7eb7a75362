"""The object that a case is about, as moderators see it: pictures, words and links."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.models import User
from catalog.choices import Moderation
from catalog.models import Title
from catalog.report_subjects import TITLE
from common.files.media import media_url
from reader.admin.review import review_url
from reader.intake.quarantine import small_page_url
from reader.models import Chapter, Page, Upload
from reader.publication.moderation import BannedNumbers
from reader.report_subjects import CHAPTER, PAGE
from reader.states import UploadState
from safety.models import Case
from safety.report_subjects import USER, admin_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PAGES_SHOWN = 8


@dataclass(frozen=True)
class Picture:
    """One picture of a reported object."""

    url: str
    width: int
    height: int
    words: str


@dataclass
class ReportedContent:
    """What still exists of a reported object.

    `live_upload` can be taken down, and `title` can be rejected. `page_numbers` are the reported
    pages of the upload; None stands for all of them.
    """

    admin_url: str
    words: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    live_upload: Upload | None = None
    page_numbers: BannedNumbers = None
    title: Title | None = None
    is_gone: bool = False


def reported_content_of(case: Case) -> ReportedContent:
    """Read the reported object of a case, in a few queries."""
    thing = ReportedContent(admin_url(case.subject_type, case.subject_id))
    shown = _SHOWN.get(case.subject_type)
    if shown is not None and not shown(thing, case):
        thing.is_gone, thing.admin_url = True, ""
    return thing


def _show_title(thing: ReportedContent, case: Case) -> bool:
    titles = Title.objects.select_related("cover__original", "cover__large")
    title = titles.filter(pk=case.subject_id).first()
    if title is None:
        return False
    cover = getattr(title, "cover", None)
    if cover is not None:
        file = cover.large or cover.original
        thing.pictures = [Picture(media_url(file.name), cover.width, cover.height, title.name)]
    thing.words = [str(title.get_kind_display()), str(title.get_moderation_display())]
    thing.words += [text for text in title.synopsis.values() if text][:1]
    if title.moderation == Moderation.APPROVED:
        thing.title = title
    return True


def _show_chapter(thing: ReportedContent, case: Case) -> bool:
    chapters = Chapter.objects.select_related("series", "live_upload__uploader")
    chapter = chapters.filter(pk=case.subject_id).first()
    if chapter is None:
        return False
    upload = chapter.live_upload
    if upload is None:
        thing.words = [_("Nothing of it is public now.")]
        return True
    if upload.uploader_id != case.accused_id:
        thing.words = [_("What was reported has been replaced by an upload of somebody else.")]
        return True
    pages = upload.pages.select_related("file", "saver").order_by("number")[:_PAGES_SHOWN]
    _show_upload(thing, upload, pages)
    return True


def _show_page(thing: ReportedContent, case: Case) -> bool:
    page = (
        Page.objects.select_related("file", "saver", "upload__chapter__series", "upload__uploader")
        .filter(pk=case.subject_id)
        .first()
    )
    if page is None:
        return False
    _show_upload(thing, page.upload, [page])
    thing.page_numbers = [page.number]
    return True


def _show_upload(thing: ReportedContent, upload: Upload, pages: "Iterable[Page]") -> None:
    thing.pictures = [
        Picture(small_page_url(upload, page), page.width, page.height, _page_words(page))
        for page in pages
    ]
    thing.words = [
        str(upload.get_state_display()),
        _("%(count)d pages") % {"count": upload.page_count},
    ]
    thing.links = [(_("Look at all the pages"), review_url(upload))]
    if upload.state == UploadState.LIVE:
        thing.live_upload = upload


def _show_person(thing: ReportedContent, case: Case) -> bool:
    who = User.objects.select_related("avatar").filter(pk=case.subject_id).first()
    if who is None:
        return False
    if who.avatar is not None:
        thing.pictures = [Picture(media_url(who.avatar.name), 256, 256, who.username)]
    thing.words = [text for text in (who.display_name, who.bio) if text]
    return True


def _page_words(page: Page) -> str:
    return _("Page %(number)s") % {"number": page.number}


_SHOWN: "dict[str, Callable[[ReportedContent, Case], bool]]" = {
    TITLE: _show_title,
    CHAPTER: _show_chapter,
    PAGE: _show_page,
    USER: _show_person,
}
