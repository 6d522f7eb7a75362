"""Actions of moderators on many titles: each is a job, which its owner can undo for 30 days."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.decisions import current_user
from catalog.batches import MAX_TITLES, Wish, change_titles, delete_titles
from catalog.choices import Status
from catalog.models import Category, Tag, Title
from common.models import Job
from common.typed_admin import ChosenOneByOne

_SHOWN = 20
_WORDS = ("add_genres", "remove_genres", "add_tags", "remove_tags")


def _words(model: type[Category] | type[Tag], column: str, label: Any) -> Any:
    field: Any = Title._meta.get_field(column)
    return forms.ModelMultipleChoiceField(
        model._default_manager.all(), label=label, required=False,
        widget=ChosenOneByOne(field, admin.site),
    )  # fmt: skip


class ChangesForm(forms.Form):
    """What each of the chosen titles gets."""

    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False)
    add_genres = _words(Category, "categories", gettext_lazy("Add genres"))
    remove_genres = _words(Category, "categories", gettext_lazy("Remove genres"))
    add_tags = _words(Tag, "tags", gettext_lazy("Add tags"))
    remove_tags = _words(Tag, "tags", gettext_lazy("Remove tags"))

    def __init__(self, *sent: Any) -> None:
        super().__init__(*sent)
        self.fields["status"].choices = [("", "—"), *Status.choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse what says nothing, or two things at once of one word."""
        words: dict[str, Any] = super().clean() or {}
        if not any(words.values()):
            raise forms.ValidationError(_("Say what is to change."))
        for name in ("genres", "tags"):
            if set(words.get(f"add_{name}", ())) & set(words.get(f"remove_{name}", ())):
                self.add_error(f"remove_{name}", _("A word cannot be added and removed at once."))
        return words

    def wish(self) -> Wish:
        """Return what is wanted."""
        words = self.cleaned_data
        slugs = {name: [word.slug for word in words[name]] for name in _WORDS}
        return Wish(status=words["status"], **slugs)


def change_chosen(request: HttpRequest, titles: QuerySet[Title]) -> HttpResponse | None:
    """Return the page that asks what is to change; None once it was sent and done."""
    ids = _ids_of(request, titles)
    if ids is None:
        return None
    is_sent = request.POST.get("confirmed") == "yes"
    form = ChangesForm(request.POST) if is_sent else ChangesForm()
    if is_sent and form.is_valid():
        job = change_titles(ids, form.wish(), moderator=current_user(request))
        tell_job(request, job, _("Changed: %(count)d.") % {"count": job.outcome.get("done", 0)})
        return None
    page = {
        **admin.site.each_context(request), "title": _("Change titles"), "opts": Title._meta,
        "form": form, "media": form.media, "rows": titles[:_SHOWN], "count": len(ids),
        "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME), "checkbox": ACTION_CHECKBOX_NAME,
        "select_across": request.POST.get("select_across", "0"), "is_nav_sidebar_enabled": False,
    }  # fmt: skip
    return TemplateResponse(request, "admin/site/change_titles.html", page)


def delete_chosen(request: HttpRequest, titles: QuerySet[Title]) -> None:
    """Take the chosen titles out of every list; those with chapters stay."""
    ids = _ids_of(request, titles)
    if ids is None:
        return
    job = delete_titles(ids, moderator=current_user(request))
    if deleted := job.outcome.get("done"):
        tell_job(request, job, _("Deleted: %(count)d.") % {"count": deleted})
    if kept := job.outcome.get("failed"):
        text = _("They have chapters and stay: %(count)d.")
        messages.warning(request, text % {"count": kept})


def tell_job(request: HttpRequest, job: Job, text: str) -> None:
    """Say what was done, with the page where it can be undone."""
    address = reverse("admin:common_job_change", args=[job.pk])
    undo = _("It can be undone for 30 days.")
    messages.success(request, format_html('{} <a href="{}">{}</a>', text, address, undo))


def _ids_of(request: HttpRequest, titles: QuerySet[Title]) -> list[int] | None:
    """Return the ids of the chosen titles; None where there are too many, which is said."""
    ids = list(titles.order_by().values_list("pk", flat=True)[: MAX_TITLES + 1])
    if len(ids) <= MAX_TITLES:
        return ids
    text = _("At most %(count)d titles can be changed at once.")
    messages.warning(request, text % {"count": MAX_TITLES})
    return None
