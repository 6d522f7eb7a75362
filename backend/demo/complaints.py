"""Work for the demo's moderator: reports and a request to upload; and a warning for a user."""

from accounts.models import User
from accounts.roles.uploader_requests import ask_to_upload
from catalog.models import Title
from catalog.report_subjects import TITLE
from reader.models import Chapter
from reader.report_subjects import CHAPTER
from safety.models import ModeratorWarning, Reason, Report
from safety.report_subjects import USER
from safety.reports import report_content
from safety.warnings import warn_user

_STOLEN = "The third page is from a book that I have at home, with the page number cut off."
_BLURRED = "On my phone the letters cannot be read."
_WISH = "I translate from Japanese into Kyrgyz and would like to bring short stories here."
_WARNING = "Please name who translated. Two of your chapters say nothing about it."


def play_complaints(*, reader: User, uploader: User, moderator: User) -> None:
    """Send the reports, the request and the warning; a second call does not repeat them."""
    if not Report.objects.filter(reporter=reader).exists():
        _report(reader, uploader)
    if not reader.uploader_requests.exists():
        ask_to_upload(reader, text=_WISH)
    if not ModeratorWarning.objects.filter(user=uploader).exists():
        warn_user(uploader, moderator=moderator, text=_WARNING)


def _report(reader: User, uploader: User) -> None:
    chapter = Chapter.objects.public().order_by("pk").first()
    if chapter is not None:  # a moderator may have taken all chapters down
        report_content(CHAPTER, chapter.pk, reporter=reader, reason=Reason.STOLEN, text=_STOLEN)
        report_content(CHAPTER, chapter.pk, reporter=uploader, reason=Reason.BAD_QUALITY)
    title = Title.objects.all().public().order_by("pk").last()
    if title is not None:
        report_content(TITLE, title.pk, reporter=reader, reason=Reason.BAD_QUALITY, text=_BLURRED)
    report_content(USER, uploader.pk, reporter=reader, reason=Reason.IMPERSONATION)
