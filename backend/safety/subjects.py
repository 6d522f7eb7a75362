"""What can be reported. The kinds of all apps stand here, in KINDS: those are below this one."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.profile import find_profile
from catalog.models import Title
from common.errors import Invalid, NotFound
from common.rendering import plain_number
from reader.models import Chapter, Page


@dataclass(frozen=True)
class Subject:
    """One thing: its name, its page in the web app, and whose it is."""

    label: str
    url: str
    accused_id: int | None


@dataclass(frozen=True)
class SubjectKind:
    """How things of one kind are found by who may see them, and where moderators see them."""

    word: str | Promise
    find: Callable[[User, int], Subject | None]
    admin_url_name: str


def visible_subject(kind: str, pk: int, *, viewer: User) -> Subject:
    """Return what `viewer` sees of it; raises NotFound for what they may not see."""
    if kind not in KINDS:
        message = _("“%(value)s” is not possible here.") % {"value": kind[:60]}
        raise Invalid(message, fields={"subject_type": [message]})
    found = KINDS[kind].find(viewer, pk)
    if found is None:
        raise NotFound(_("There is nothing here."))
    return found


def admin_url(kind: str, pk: int) -> str:
    """Return where moderators see the thing; empty for a kind that is known no more."""
    return reverse(KINDS[kind].admin_url_name, args=[pk]) if kind in KINDS else ""


def kind_word(kind: str) -> str:
    """Return what a kind is called."""
    return str(KINDS[kind].word) if kind in KINDS else kind


def _find_title(viewer: User, pk: int) -> Subject | None:
    title = Title.objects.visible_to(viewer).select_related("created_by").filter(pk=pk).first()
    if title is None:
        return None
    maker = title.created_by
    # Moderators enter titles for the house: those are nobody's own.
    is_own = maker is not None and not maker.has_perm("catalog.moderate_title")
    return Subject(title.name, f"/series/{title.path_slug}", maker.pk if maker and is_own else None)


def _find_chapter(viewer: User, pk: int) -> Subject | None:
    chapters = Chapter.objects.all().visible_to(viewer).select_related("series", "live_upload")
    chapter = chapters.filter(pk=pk).first()
    if chapter is None:
        return None
    upload = chapter.live_upload
    return Subject(_chapter_words(chapter), f"/read/{pk}", upload.uploader_id if upload else None)


def _find_page(viewer: User, pk: int) -> Subject | None:
    pages = Page.objects.all().visible_to(viewer).select_related("upload__chapter__series")
    page = pages.filter(pk=pk).first()
    if page is None:
        return None
    chapter = page.upload.chapter
    label = f"{_chapter_words(chapter)}, p. {page.number}"
    return Subject(label, f"/read/{chapter.pk}", page.upload.uploader_id)


def _find_person(viewer: User, pk: int) -> Subject | None:
    person = User.objects.filter(pk=pk).first()
    if person is None or find_profile(person.username, viewer=viewer) is None:
        return None
    return Subject(person.username, f"/u/{person.username}", pk)


def _chapter_words(chapter: Chapter) -> str:
    number = "" if chapter.number is None else f" #{plain_number(chapter.number)}"
    return f"{chapter.series.name}{number} [{chapter.language}]"


TITLE, CHAPTER, PAGE, USER = "title", "chapter", "page", "user"
KINDS = {
    TITLE: SubjectKind(gettext_lazy("title"), _find_title, "admin:catalog_title_change"),
    CHAPTER: SubjectKind(gettext_lazy("chapter"), _find_chapter, "admin:reader_chapter_change"),
    PAGE: SubjectKind(gettext_lazy("page"), _find_page, "admin:reader_page_change"),
    USER: SubjectKind(gettext_lazy("person"), _find_person, "admin:safety_member_change"),
}
