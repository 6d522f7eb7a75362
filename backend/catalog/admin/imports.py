"""The page where moderators import titles from a file: it is tried first, and then imported."""

import hashlib
from collections import Counter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.base import File
from django.core.signing import Signer
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.batches import tell_job
from catalog.admin.decisions import current_user
from catalog.choices import Kind
from catalog.import_files import MAX_ROWS, read_file
from catalog.importing import import_titles, try_import
from catalog.models import Title
from catalog.permissions import MODERATE
from catalog.row_checks import CheckedRow
from common.http.errors import AppError
from common.models import JobItem

_SHOWN = 200
_SIGNER = Signer(salt="catalog.import")


class ImportForm(forms.Form):
    """A file, and the kind of its rows that name none."""

    file = forms.FileField(label=gettext_lazy("File"))
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)

    def __init__(self, *sent: Any) -> None:
        super().__init__(*sent)
        self.fields["kind"].choices = [("", "—"), *Kind.choices]  # type: ignore[attr-defined]
        self.fields["kind"].help_text = _("Of the rows that name none.")
        self.fields["file"].widget.attrs["accept"] = ".csv,.json"


def import_page(request: HttpRequest) -> HttpResponse:
    """Tell what would become of each row of a file; import the same file when it is sent again."""
    if not request.user.has_perm(MODERATE):
        raise PermissionDenied
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    context: dict[str, Any] = {}
    if form.is_bound and form.is_valid():
        try:
            if _is_tried(request, form):
                return _start(request, form)
            context = _try(request, form)
        except AppError as error:
            messages.error(request, str(error.message))
    page = {
        **admin.site.each_context(request), "title": _("Import titles"), "opts": Title._meta,
        "form": form, "max_rows": MAX_ROWS, "is_nav_sidebar_enabled": False, **context,
    }  # fmt: skip
    return TemplateResponse(request, "admin/site/import_titles.html", page)


def _start(request: HttpRequest, form: ImportForm) -> HttpResponse:
    job = import_titles(
        read_file(form.cleaned_data["file"]), kind=form.cleaned_data["kind"],
        moderator=current_user(request),
    )  # fmt: skip
    tell_job(request, job, _("%(count)d rows are being imported.") % {"count": job.total})
    return HttpResponseRedirect(reverse("admin:catalog_title_changelist"))


def _try(request: HttpRequest, form: ImportForm) -> dict[str, Any]:
    rows = read_file(form.cleaned_data["file"])
    checked = try_import(rows, kind=form.cleaned_data["kind"], moderator=current_user(request))
    counts = Counter(row.outcome for row in checked)
    numbered = list(enumerate(checked, start=1))
    return {
        "counts": [(outcome.label, counts[outcome]) for outcome in JobItem.Outcome],
        # What needs a look comes first.
        "answers": [
            _answer(number, row)
            for number, row in sorted(numbered, key=lambda one: one[1].outcome == "done")[:_SHOWN]
        ],
        "left_out": max(0, len(checked) - _SHOWN),
        "tried": _SIGNER.sign(_digest(form)),
    }


def _answer(number: int, row: CheckedRow) -> dict[str, Any]:
    return {
        "number": number, "outcome": JobItem.Outcome(row.outcome).label, "code": row.code,
        "title_id": row.title_id, "name": row.facts.get("name", ""),
        "fields": [(name, " ".join(texts)) for name, texts in (row.fields or {}).items()],
    }  # fmt: skip


def _is_tried(request: HttpRequest, form: ImportForm) -> bool:
    """Return True where the button to import was pressed for what has been tried before."""
    if "import" not in request.POST:
        return False
    if request.POST.get("tried", "") == _SIGNER.sign(_digest(form)):
        return True
    messages.warning(request, _("This is another file than the one that was tried. Look at it."))
    return False


def _digest(form: ImportForm) -> str:
    """Return what the file and the kind are known by; the file is read from its beginning again."""
    file: File[bytes] = form.cleaned_data["file"]
    found = hashlib.sha256(form.cleaned_data["kind"].encode() + b"\n")
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()
