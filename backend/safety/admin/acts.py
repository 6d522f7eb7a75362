"""Acts of moderators on a user, such as a ban: a form asks for the reason and calls a story.

Afterwards the next case is shown, or the user's page where the act did not begin with a case.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.profile.avatars import approve_avatar, refuse_avatar
from accounts.roles.bans import ban_user, lift_ban, refuse_unless_above
from accounts.roles.uploader_requests import set_trusted, unset_trusted
from catalog.admin.decisions import current_user
from common.http.errors import AlreadyDecided, AppError
from reader.publication.mass_removal import removable_uploads_of
from safety.admin.forms import ActForm, BanForm, DeleteUploadsForm, LiftForm, StrikeForm, WarnForm
from safety.admin.queue import case_url, next_open_case, open_cases
from safety.mass_deletion import PERMISSION as DELETE_ALL
from safety.mass_deletion import delete_all_uploads, undo_mass_deletion
from safety.models import Case, CaseState, MassDeletion
from safety.reports import decide_case
from safety.warnings import strike_user, warn_user


@dataclass(frozen=True)
class Act:
    """Describes one act: its texts, its form, and the function that calls its story."""

    permission: str
    title: str | Promise
    button: str | Promise
    form: type[ActForm]
    run: Callable[[User, User, dict[str, Any]], str]
    warning: str | Promise = ""


def _warn(user: User, moderator: User, words: dict[str, Any]) -> str:
    warn_user(user, moderator=moderator, text=words["reason"], form_key=words["form_key"])
    return _("%(name)s is warned.") % {"name": user}


def _strike(user: User, moderator: User, words: dict[str, Any]) -> str:
    has_banned = strike_user(
        user, moderator=moderator, reason=words["reason"], form_key=words["form_key"]
    )
    if has_banned:
        return _("The strike is counted, and %(name)s is banned by it.") % {"name": user}
    return _("The strike against %(name)s is counted.") % {"name": user}


def _ban(user: User, moderator: User, words: dict[str, Any]) -> str:
    reason = words["reason"].strip()
    told = [_("%(name)s is banned.") % {"name": user}]
    with transaction.atomic():
        if words["delete_uploads"]:
            with suppress(AlreadyDecided):  # the ban is wanted even with nothing to delete
                deletion = delete_all_uploads(user, moderator=moderator, reason=reason)
                told.append(_deleted_words(deletion))
        ban_user(user, moderator=moderator, reason=reason, until=words["until"])
    return " ".join(told)


def _lift(user: User, moderator: User, words: dict[str, Any]) -> str:
    lift_ban(user, moderator=moderator, reason=words["reason"].strip())
    return _("%(name)s may come in again.") % {"name": user}


def _delete_uploads(user: User, moderator: User, words: dict[str, Any]) -> str:
    reason = words["reason"]
    with transaction.atomic():
        deletion = delete_all_uploads(user, moderator=moderator, reason=reason)
        if words["ban"]:
            with suppress(AlreadyDecided):  # the user is banned already, without an end
                ban_user(user, moderator=moderator, reason=reason.strip())
    return _deleted_words(deletion)


def _deleted_words(deletion: MassDeletion) -> str:
    return _("Deleted: %(count)d. It can be undone until %(until)s.") % {
        "count": deletion.total,
        "until": f"{deletion.undo_until:%Y-%m-%d}",
    }


ACTS = {
    "warn": Act(
        "safety.warn_user", gettext_lazy("Warn %(name)s"), gettext_lazy("Warn"), WarnForm, _warn
    ),
    "strike": Act(
        "safety.strike_user", gettext_lazy("Strike against %(name)s"), gettext_lazy("Strike"),
        StrikeForm, _strike,
    ),
    "ban": Act(
        "accounts.ban_user", gettext_lazy("Ban %(name)s"), gettext_lazy("Ban"), BanForm, _ban,
        gettext_lazy("All devices are logged out at once. Uploads that wait stay in the queue."),
    ),
    "lift": Act(
        "accounts.ban_user", gettext_lazy("Lift the ban of %(name)s"),
        gettext_lazy("Lift the ban"), LiftForm, _lift,
    ),
    "delete-uploads": Act(
        DELETE_ALL, gettext_lazy("Delete all uploads of %(name)s"),
        gettext_lazy("Delete all uploads"), DeleteUploadsForm, _delete_uploads,
        gettext_lazy(
            "Everything that is public of them disappears at once, and what is on its way stops. "
            "It can be undone for some weeks."
        ),
    ),
}  # fmt: skip


def act_on_person(
    request: HttpRequest, pk: int, name: str, context: dict[str, Any]
) -> HttpResponse:
    """Show the form of an act, and act once it is valid."""
    act = ACTS[name]
    who, case = _person_and_case(request, pk, act.permission)
    form = act.form(request.POST or None, has_case=case is not None)
    if request.method == "POST" and form.is_valid():
        try:
            told = act.run(who, current_user(request), form.cleaned_data)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, told)
            return HttpResponseRedirect(_after(request, who, case, form))
    return TemplateResponse(
        request,
        "admin/safety/act.html",
        {
            **context,
            "title": str(act.title) % {"name": who},
            "button": act.button,
            "warning": act.warning,
            "upload_count": removable_uploads_of(who).count(),
            "form": form,
            "act": name,
            "who": who,
            "case": case,
            "person_url": person_url(who.pk),
            "case_url": case_url(case) if case else "",
        },
    )


def trust(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the user's uploads go live without review."""
    return _do_at_once(
        request, pk, "accounts.grant_uploader", set_trusted,
        _("Uploads of %(name)s go live after the checks, but for a sample."),
    )  # fmt: skip


def untrust(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the user's uploads be reviewed again."""
    return _do_at_once(
        request, pk, "accounts.grant_uploader", unset_trusted,
        _("Every upload of %(name)s goes to review again."),
    )  # fmt: skip


def show_avatar(request: HttpRequest, pk: int) -> HttpResponse:
    """Publish a waiting avatar."""
    return _do_at_once(
        request, pk, "accounts.moderate_avatar", approve_avatar,
        _("The picture of %(name)s is public."), seen=request.POST.get("seen", ""),
    )  # fmt: skip


def drop_avatar(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove an avatar, whether it waits or is public."""
    return _do_at_once(
        request, pk, "accounts.moderate_avatar", refuse_avatar,
        _("The picture of %(name)s is gone."),
        reason=request.POST.get("reason", "").strip(), seen=request.POST.get("seen", ""),
    )  # fmt: skip


def undo_deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """Restore what one deletion removed, say what was left out, and go to the user's page."""
    _refuse_without(request, DELETE_ALL)
    deletion = get_object_or_404(MassDeletion.objects.select_related("about"), pk=pk)
    try:
        undo_mass_deletion(deletion, moderator=current_user(request))
        messages.success(request, _("Restored: %(count)d.") % {"count": deletion.restored_count})
        if deletion.left_count:
            messages.warning(
                request,
                _(
                    "Left as they are: %(count)d. Other uploads stand in their place by now, or "
                    "banned pictures are in them."
                )
                % {"count": deletion.left_count},
            )
    except AppError as error:
        messages.warning(request, str(error.message))
    if deletion.about_id is None:
        return HttpResponseRedirect(reverse("admin:safety_massdeletion_change", args=[pk]))
    return HttpResponseRedirect(person_url(deletion.about_id))


def may_act_on(who: User, *, moderator: User) -> bool:
    """Return True if acts on `who` are to be offered; the stories check it again."""
    try:
        refuse_unless_above(moderator, who)
    except AppError:
        return False
    return True


def person_url(pk: int) -> str:
    """Return the address of the moderators' page of a user."""
    return reverse("admin:safety_member_change", args=[pk])


def _do_at_once(
    request: HttpRequest,
    pk: int,
    permission: str,
    story: Callable[..., object],
    told: str,
    **words: str,
) -> HttpResponse:
    who, _case = _person_and_case(request, pk, permission)
    try:
        story(who, moderator=current_user(request), **words)
        messages.success(request, told % {"name": who})
    except AppError as error:
        messages.warning(request, str(error.message))
    return HttpResponseRedirect(person_url(pk))


def _person_and_case(request: HttpRequest, pk: int, permission: str) -> tuple[User, Case | None]:
    _refuse_without(request, permission)
    who = get_object_or_404(User, pk=pk)
    number = request.GET.get("case", "")
    is_number = number.isascii() and number.isdecimal() and len(number) < 19
    waiting = open_cases(current_user(request))
    return who, waiting.filter(pk=int(number)).first() if is_number else None


def _refuse_without(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _after(request: HttpRequest, who: User, case: Case | None, form: ActForm) -> str:
    if case is None:
        return person_url(who.pk)
    if not form.closes_case:
        return case_url(case)
    following = next_open_case(case, moderator=current_user(request))
    try:
        decide_case(
            case, moderator=current_user(request), outcome=CaseState.ACTED,
            answer=form.cleaned_data["answer"],
        )  # fmt: skip
    except AppError as error:
        messages.warning(request, str(error.message))
    return case_url(following)
