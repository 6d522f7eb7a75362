"""Submits a chapter in the admin, by the same story as in the web app."""

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalog.admin.decisions import current_user
from catalog.choices import READABLE_KINDS
from catalog.models import Title
from common.http.errors import AppError, Throttled
from common.http.renderers import plain_number
from common.languages import parse_language
from reader.intake.uploads import Submission, submit_upload
from reader.models import Chapter
from reader.reading.chapters import replaced_work


class SubmissionForm(forms.Form):
    """Takes a zip and the facts of its chapter."""

    series = forms.ModelChoiceField(
        Title.objects.none(),  # replaced in __init__ by those that the user sees
        label=gettext_lazy("Series"),
        widget=AutocompleteSelect(Chapter._meta.get_field("series"), admin.site),
    )
    file = forms.FileField(
        label=gettext_lazy("Zip of pages"),
        allow_empty_file=True,
        help_text=gettext_lazy("Pictures named by page number, at the top or in one folder."),
        widget=forms.ClearableFileInput({"accept": ".zip,.cbz"}),
    )
    number = forms.DecimalField(
        label=gettext_lazy("Chapter number"),
        max_digits=10, decimal_places=3, min_value=Decimal(0), required=False,
        help_text=gettext_lazy("Empty for a one-shot."),
    )  # fmt: skip
    title = forms.CharField(label=gettext_lazy("Title"), max_length=200, required=False)
    language = forms.CharField(
        label=gettext_lazy("Language"), max_length=35, initial="en",
        help_text=gettext_lazy("A tag such as en, ky or ru."),
    )  # fmt: skip
    volume = forms.IntegerField(
        label=gettext_lazy("Volume"), min_value=1, max_value=100_000, required=False
    )
    group = forms.CharField(
        label=gettext_lazy("Group"), max_length=100, required=False,
        help_text=gettext_lazy("Who translated; a new name makes a new group."),
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        readable = Title.objects.filter(kind__in=READABLE_KINDS)
        series = cast("forms.ModelChoiceField[Title]", self.fields["series"])
        series.queryset = readable.visible_to(user)

    def clean_language(self) -> str:
        """Return the language tag in lower case."""
        return parse_language(str(self.cleaned_data["language"]))


def submit_in_admin(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show the form, and pass what was sent to `submit_upload`."""
    if not request.user.has_perm("reader.submit_upload"):
        raise PermissionDenied
    form = (
        SubmissionForm(request.POST, request.FILES, user=current_user(request))
        if request.method == "POST"
        else SubmissionForm(initial=_initial(request), user=current_user(request))
    )
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        try:
            upload = submit_upload(
                words["series"],
                uploader=current_user(request),
                archive=words["file"],
                submission=Submission(
                    number=words["number"],
                    language=words["language"],
                    title=words["title"].strip(),
                    volume=words["volume"],
                    group=words["group"],
                ),
            )
        except AppError as error:
            _tell(form, error)
        else:
            messages.success(
                request,
                _("“%(name)s” is taken and is being checked now.") % {"name": upload.filename},
            )
            if replaced_work(upload) is not None:
                messages.warning(
                    request,
                    _("It would replace another volume or title: a moderator decides. See there."),
                )
            return HttpResponseRedirect(reverse("admin:reader_upload_change", args=[upload.pk]))
    return TemplateResponse(
        request,
        "admin/reader/submit.html",
        {**context, "title": _("Upload a chapter"), "form": form, "media": form.media},
    )


def _tell(form: SubmissionForm, error: AppError) -> None:
    """Show an error at the field that it is about; errors of the zip at the field of the file."""
    if error.fields:
        for name, texts in error.fields.items():
            form.add_error(name if name in form.fields else None, list(texts))
        return
    whole_form = error.status in {403, 503} or isinstance(error, Throttled)
    form.add_error(None if whole_form else "file", str(error.message))


def _initial(request: HttpRequest) -> dict[str, Any]:
    """Fill in the series or the chapter of the page whose button was pressed."""
    chapter_pk, series_pk = request.GET.get("chapter", ""), request.GET.get("series", "")
    if chapter_pk.isdecimal():
        chapters = Chapter.objects.select_related("group", "volume")
        chapter = chapters.visible_to(current_user(request)).filter(pk=chapter_pk).first()
        if chapter is not None:
            return {
                "series": chapter.series_id,
                "number": None if chapter.number is None else plain_number(chapter.number),
                "title": chapter.title,
                "language": chapter.language,
                "volume": chapter.volume.number if chapter.volume else None,
                "group": chapter.group.name if chapter.group else "",
            }
    if series_pk.isdecimal():
        return {"series": series_pk}
    return {}
