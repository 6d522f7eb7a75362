"""Users as moderators see them: a list, and a page with all that matters about one user."""

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.admin.records import OwnPageAdmin
from accounts.admin.users import role_name
from accounts.models import AuditEntry, Strike, User, active_ban
from accounts.profile.avatars import avatar_name, avatar_of
from accounts.roles.groups import TRUSTED
from catalog.admin.decisions import current_user
from reader.models import Upload
from reader.states import UploadState, was_approved
from safety.admin.acts import (
    ACTS,
    act_on_person,
    drop_avatar,
    may_act_on,
    show_avatar,
    trust,
    untrust,
)
from safety.models import Case, CaseState, MassDeletion, Member, Report

_SHOWN = 20
_NEW = timedelta(days=7)


class RoleFilter(admin.SimpleListFilter):
    """Filters users by role."""

    title = gettext_lazy("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return all roles."""
        names = Group.objects.order_by("pk").values_list("name", flat=True)
        return [(name, role_name(name)) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Member]) -> QuerySet[Member]:
        """Return the users with the chosen role."""
        return queryset.filter(groups__name=self.value()) if self.value() else queryset


class StandingFilter(admin.SimpleListFilter):
    """Filters users by what moderators look for, such as strikes or a ban."""

    title = gettext_lazy("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [
            ("banned", _("Banned")),
            ("new", _("Here for less than a week")),
            ("struck", _("With strikes")),
            ("reported", _("With open reports")),
            ("unconfirmed", _("Address not confirmed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Member]) -> QuerySet[Member]:
        """Return the users that match the choice."""
        addresses = EmailAddress.objects.filter(user=OuterRef("pk"))
        wanted = {
            "banned": active_ban(),
            "new": Q(date_joined__gte=timezone.now() - _NEW),
            "struck": Exists(Strike.objects.filter(user=OuterRef("pk"))),
            "reported": Exists(_open_cases_about()),
            "unconfirmed": Exists(addresses) & ~Exists(addresses.filter(verified=True)),
        }.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(wanted)


@admin.register(Member)
class MemberAdmin(OwnPageAdmin):
    """Shows all users; nothing is edited here, and each button calls a story that is logged."""

    page_template = "admin/safety/person.html"
    list_display = ("username", "roles", "standing", "strike_count", "case_count", "date_joined")
    list_filter = (RoleFilter, StandingFilter)
    search_fields = ("username", "display_name")
    search_help_text = gettext_lazy("User name or display name.")
    ordering = ("-date_joined", "-pk")

    class Media:
        css: ClassVar[dict[str, list[str]]] = {"all": ["safety/safety.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        """Count strikes and open cases in the same query."""
        strikes = Strike.objects.filter(user=OuterRef("pk")).order_by().values("user")
        cases = _open_cases_about().order_by().values("accused")
        people: QuerySet[Any] = Member.objects.prefetch_related("groups")
        counted: QuerySet[Member] = people.annotate(
            strikes_got=Coalesce(Subquery(strikes.annotate(n=Count("pk")).values("n")), 0),
            cases_open=Coalesce(Subquery(cases.annotate(n=Count("pk")).values("n")), 0),
        )
        return counted

    # --- The list -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, who: Member) -> str:
        """Return the translated names of the user's roles."""
        return roles_words(who)

    @admin.display(description=gettext_lazy("standing"))
    def standing(self, who: Member) -> str:
        """Return the reason of a ban that has not ended, or whether the user is inactive."""
        if who.is_banned:
            return format_html(
                '<span class="state state-banned">{}</span> {}', _("banned"), who.ban_reason
            )
        return "" if who.is_active else _("inactive")

    @admin.display(description=gettext_lazy("strikes"), ordering="strikes_got")
    def strike_count(self, who: Any) -> int:
        """Return how many strikes the user has had in all."""
        return int(who.strikes_got)

    @admin.display(description=gettext_lazy("open cases"), ordering="cases_open")
    def case_count(self, who: Any) -> int:
        """Return how many cases about the user are open."""
        return int(who.cases_open)

    # --- One user -------------------------------------------------------------------------------

    def page_context(self, request: HttpRequest, row: Member) -> dict[str, Any]:
        """Return the facts of a user for their page."""
        return _person_context(request, row)

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the acts."""
        admin_view = self.admin_site.admin_view

        def act(request: HttpRequest, pk: int, name: str) -> HttpResponse:
            return act_on_person(request, pk, name, self.admin_site.each_context(request))

        at_once = {
            "trust": trust,
            "untrust": untrust,
            "show-avatar": show_avatar,
            "drop-avatar": drop_avatar,
        }
        return [
            *(
                path(
                    f"<int:pk>/{name}/",
                    admin_view(partial(act, name=name)),
                    name=f"safety_member_{name.replace('-', '_')}",
                )
                for name in ACTS
            ),
            *(
                path(
                    f"<int:pk>/{name}/",
                    admin_view(require_POST(view)),
                    name=f"safety_member_{name.replace('-', '_')}",
                )
                for name, view in at_once.items()
            ),
            *super().get_urls(),
        ]


def roles_words(who: User) -> str:
    """Return the translated names of a user's roles; the groups have to be prefetched."""
    names = [role_name(group.name) for group in who.groups.all()]
    if who.is_superuser:
        names.append(_("superuser"))
    return ", ".join(names)


def _open_cases_about() -> QuerySet[Case]:
    return Case.objects.filter(accused=OuterRef("pk"), state=CaseState.OPEN)


def _person_context(request: HttpRequest, who: Member) -> dict[str, Any]:
    uploads = Upload.objects.filter(uploader=who.pk)
    about = AuditEntry.objects.filter(subject_type="user", subject_id=who.pk)
    live_sessions = who.sessions.filter(epoch=who.epoch, expires_at__gt=timezone.now())
    moderator = current_user(request)
    may_act = may_act_on(who, moderator=moderator)
    deletions = (
        MassDeletion.objects.filter(about=who.pk)
        .select_related("owner", "undone_by")
        .order_by("-created_at")
    )
    return {
        "title": str(who),
        "who": who,
        "roles": roles_words(who),
        "avatar": avatar_of(who),
        "avatar_name": avatar_name(who),
        "domains": _domains(who),
        "session_count": live_sessions.count(),
        "counts": _upload_counts(uploads),
        "uploads": uploads.select_related("chapter__series").order_by("-created_at", "-pk")[
            :_SHOWN
        ],
        "strikes": who.strikes.order_by("-created_at")[:_SHOWN],
        "warnings": who.warnings.select_related("moderator").order_by("-created_at")[:_SHOWN],
        "cases": who.cases_about.all()
        .visible_to(moderator)
        .order_by("-state", "-created_at", "-pk")[:_SHOWN],
        # Moderators may see whom a user has reported, but not the reports about themselves.
        "reports": Report.objects.filter(reporter=who.pk)
        .exclude(case__accused=moderator.pk)
        .select_related("case")
        .order_by("-created_at")[:_SHOWN],
        "requests_url": reverse("admin:accounts_uploaderrequest_queue"),
        "requests": who.uploader_requests.select_related("decided_by").order_by("-pk")[:_SHOWN],
        "deletions": [
            {"deletion": deletion, "may_undo": may_act and deletion.can_be_undone}
            for deletion in deletions[:_SHOWN]
        ],
        "decisions": about.select_related("actor").order_by("-pk")[:_SHOWN],
        "own_decisions": AuditEntry.objects.filter(actor=who.pk).order_by("-pk")[:_SHOWN],
        "may_act": may_act,
        "is_trusted": any(group.name == TRUSTED for group in who.groups.all()),
        "is_uploader": who.has_perm("reader.submit_upload"),
        "account_url": reverse("admin:accounts_user_change", args=[who.pk])
        if moderator.has_perm("accounts.change_user")
        else "",
        "uploads_url": f"{reverse('admin:reader_upload_changelist')}?uploader__id__exact={who.pk}",
        "is_nav_sidebar_enabled": False,
    }


def _upload_counts(uploads: QuerySet[Upload]) -> dict[str, Any]:
    rows = uploads.order_by().values_list("state").annotate(count=Count("pk"))
    by_state: Counter[str] = Counter(dict(rows))
    approved = uploads.filter(was_approved()).count()
    rejected = by_state[UploadState.REJECTED]
    decided = approved + rejected
    return {
        "states": [
            {"state": state.value, "word": state.label, "count": by_state[state]}
            for state in UploadState
            if by_state[state]
        ],
        "total": sum(by_state.values()),
        "approved": approved,
        "rejected": rejected,
        "approved_percent": round(100 * approved / decided) if decided else None,
    }


def _domains(who: Member) -> list[dict[str, Any]]:
    """Return the domains of a user's e-mail addresses: moderators may not see the addresses."""
    rows = EmailAddress.objects.filter(user=who.pk).values_list("email", "verified")
    return [
        {"domain": email.rpartition("@")[2], "is_confirmed": verified}
        for email, verified in rows.order_by("-primary")
    ]
