"""Uploads in the admin: the review queue, the list, their history, and batch decisions."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, re_path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.models import AuditEntry
from catalog.admin.decisions import ask_reason, current_user, decide_each
from catalog.choices import READABLE_KINDS
from catalog.models import Title
from catalog.search import search_titles
from common.counting import BoundedPaginator
from common.names import fold_text
from common.typed_admin import ModelAdmin
from reader.admin.reasons import compose_reason, ready_reasons
from reader.admin.review import (
    HISTORY_SHOWN,
    UNDONE_AT_ONCE,
    decide_approve,
    decide_delete_pages,
    decide_reject,
    open_queue,
    review_url,
    show_review,
    tell_undoable,
    undo_decisions,
    undo_url,
)
from reader.admin.submission import submit_in_admin
from reader.admin.uploaders import history_of
from reader.intake.rejections import failure_sentence
from reader.models import Upload, UploadQuerySet
from reader.publication.moderation import (
    BannedNumbers,
    approve_upload,
    delete_upload,
    reject_upload,
    restore_upload,
    take_down_upload,
)
from reader.states import UploadState


class FromSourceFilter(admin.SimpleListFilter):
    """Keeps the uploads that come from an outside source, or those of uploaders."""

    title = gettext_lazy("From a source")
    parameter_name = "from_source"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return what can be chosen."""
        return [("1", _("Yes")), ("0", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Upload]) -> QuerySet[Upload]:
        """Return the uploads that are asked for."""
        if self.value() not in ("0", "1"):
            return queryset
        return queryset.filter(source_facts__isnull=self.value() == "0")


@admin.register(Upload)
class UploadAdmin(ModelAdmin[Upload]):
    """Shows moderators all uploads, which they decide about, and uploaders their own."""

    change_form_template = "admin/reader/upload_form.html"
    change_list_template = "admin/reader/upload_list.html"
    list_display = (
        "chapter_words", "state_badge", "who", "page_count", "size", "created_at", "decided_by",
    )  # fmt: skip
    list_filter = ("state", FromSourceFilter, "malicious", "chapter__language", "created_at")
    list_select_related = ("chapter__series", "chapter__group", "uploader", "decided_by")
    list_per_page = 50
    ordering = ("-created_at", "-pk")
    search_fields = ("filename",)
    search_help_text = gettext_lazy("Series, uploader or file name.")
    paginator = BoundedPaginator
    show_full_result_count = False
    actions = ("approve", "reject", "take_down", "restore", "delete_live")
    fields = (
        "chapter", "title", "volume_number", "state", "failure", "reason", "intent",
        "uploader", "filename", "size", "archive_sha256", "page_count", "created_at",
        "decided_at", "decided_by",
    )  # fmt: skip
    readonly_fields = fields

    # --- Who sees what --------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        """Return the uploads that the user may see, by `visible_to`."""
        return Upload.objects.all().visible_to(current_user(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return True for users who may submit chapters."""
        return request.user.has_perm("reader.submit_upload")

    def has_change_permission(self, request: HttpRequest, obj: Upload | None = None) -> bool:
        """Return False: only decisions change an upload."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Upload | None = None) -> bool:
        """Return False: rows are kept; an action deletes what is live."""
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Return True for moderators."""
        return request.user.has_perm("reader.moderate_upload")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Upload], search_term: str
    ) -> tuple[QuerySet[Upload], bool]:
        """Search series as readers do, and the names of uploaders and files."""
        term = search_term.strip()
        if not term:
            return queryset, False
        series = search_titles(term, among=Title.objects.filter(kind__in=READABLE_KINDS))
        found = (
            queryset.filter(chapter__series__in=series)
            | queryset.filter(uploader__username__folded__contains=fold_text(term))
            | queryset.filter(filename__folded__contains=fold_text(term))
        )
        return found, False

    # --- What is shown --------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("chapter"), ordering="chapter__series__name_order")
    def chapter_words(self, upload: Upload) -> str:
        """Return the chapter; the HTML also holds the row's id, for scripts and tests."""
        return format_html('<span data-upload-id="{}">{}</span>', upload.pk, upload.chapter)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_badge(self, upload: Upload) -> str:
        """Return the state as a coloured badge."""
        badge = format_html(
            '<span class="state state-{}">{}</span>', upload.state, upload.get_state_display()
        )
        if upload.state != UploadState.AWAITING_REVIEW or not upload.banned_pages:
            return badge
        words = ngettext(
            "%(count)d banned picture", "%(count)d banned pictures", upload.banned_pages
        ) % {"count": upload.banned_pages}
        return format_html('{} <span class="state state-banned">{}</span>', badge, words)

    @admin.display(description=gettext_lazy("uploader"), ordering="uploader__username_order")
    def who(self, upload: Upload) -> str:
        """Return the uploader's name, the source's, or words for a deleted user."""
        if upload.source:
            return upload.source_label
        return upload.uploader.username if upload.uploader else _("somebody who left")

    @admin.display(description=gettext_lazy("size"), ordering="archive_bytes")
    def size(self, upload: Upload) -> str:
        """Return the size of the archive in readable units."""
        return str(filesizeformat(upload.archive_bytes))

    @admin.display(description=gettext_lazy("what was wrong"))
    def failure(self, upload: Upload) -> str:
        """Return the sentence that the uploader reads about the failure."""
        return failure_sentence(upload) if upload.error_code else ""

    @admin.display(description=gettext_lazy("intent"))
    def intent(self, upload: Upload) -> str:
        """Return words for malicious uploads only: Django's icon for False looks like a fault."""
        return _("meant to do harm: a strike") if upload.malicious else ""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Add the uploader's history and the decisions to the page."""
        context = {**(extra_context or {})}
        upload = self.get_object(request, object_id)
        if upload is not None:
            entries = AuditEntry.objects.filter(subject_type="upload", subject_id=upload.pk)
            may_decide = self.has_moderate_permission(request)
            context |= {
                "decisions": entries.select_related("actor").order_by("-pk")[:HISTORY_SHOWN],
                "history": history_of(upload.uploader) if upload.uploader else None,
                "review_url": review_url(upload) if may_decide else "",
                "is_waiting": upload.state == UploadState.AWAITING_REVIEW,
            }
        return super().change_view(request, object_id, form_url, context)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form that uploads a chapter."""
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return submit_in_admin(request, context)

    # --- Review ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the review."""
        admin_view = self.admin_site.admin_view

        def queue(request: HttpRequest) -> HttpResponse:
            return open_queue(request, self.admin_site.each_context(request))

        def review(request: HttpRequest, pk: int) -> HttpResponse:
            return show_review(request, pk, self.admin_site.each_context(request))

        posts: dict[str, Callable[[HttpRequest, int], HttpResponse]] = {
            "approve": decide_approve,
            "reject": decide_reject,
            "pages/delete": decide_delete_pages,
        }
        return [
            path("review/", admin_view(queue), name="reader_upload_review_queue"),
            path("<int:pk>/review/", admin_view(review), name="reader_upload_review"),
            re_path(
                r"^undo/(?P<ids>[0-9]{1,18}(?:,[0-9]{1,18})*)/$",
                admin_view(require_POST(undo_decisions)),
                name="reader_upload_undo",
            ),
            *(
                path(
                    f"<int:pk>/{address}/",
                    admin_view(require_POST(view)),
                    name=f"reader_upload_{address.replace('/', '_')}",
                )
                for address, view in posts.items()
            ),
            *super().get_urls(),
        ]

    # --- Batches --------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Approve"), permissions=["moderate"])
    def approve(self, request: HttpRequest, queryset: UploadQuerySet) -> None:
        """Approve the chosen uploads."""
        decide_each(
            request, queryset,
            lambda upload: approve_upload(upload, moderator=current_user(request)),
            done=_("Approved: %(count)d."), tell=_tell_undoable,
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Reject with a reason…"), permissions=["moderate"])
    def reject(self, request: HttpRequest, queryset: UploadQuerySet) -> HttpResponse | None:
        """Reject the chosen uploads, with the reason in the language of each uploader."""
        page = self._ask(
            request,
            queryset,
            action="reject",
            title=_("Reject uploads"),
            button=_("Reject"),
            reasons=ready_reasons(None),
        )
        if page is not None:
            return page
        ready, note = request.POST.get("ready", ""), request.POST.get("reason", "")

        def decide(upload: Upload) -> None:
            reason = compose_reason(ready=ready, note=note, uploader=upload.uploader)
            reject_upload(
                upload, moderator=current_user(request), reason=reason, ban=_ban_all(request)
            )

        decide_each(
            request, queryset.select_related("uploader"), decide,
            done=_("Rejected: %(count)d."), tell=_tell_undoable,
        )  # fmt: skip
        return None

    @admin.action(description=gettext_lazy("Take down…"), permissions=["moderate"])
    def take_down(self, request: HttpRequest, queryset: UploadQuerySet) -> HttpResponse | None:
        """Take down the chosen live uploads; this can be undone for some weeks."""
        return self._remove(
            request, queryset, take_down_upload, action="take_down",
            title=_("Take chapters down"), button=_("Take down"), done=_("Taken down: %(count)d."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Restore"), permissions=["moderate"])
    def restore(self, request: HttpRequest, queryset: UploadQuerySet) -> None:
        """Undo take-downs and deletions while the files are kept."""
        decide_each(
            request, queryset,
            lambda upload: restore_upload(upload, moderator=current_user(request)),
            done=_("Restored: %(count)d."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Delete…"), permissions=["moderate"])
    def delete_live(self, request: HttpRequest, queryset: UploadQuerySet) -> HttpResponse | None:
        """Delete the chosen live uploads; their files are deleted some weeks later."""
        return self._remove(
            request, queryset, delete_upload, action="delete_live",
            title=_("Delete live uploads"), button=_("Delete"), done=_("Deleted: %(count)d."),
        )  # fmt: skip

    def _remove(
        self,
        request: HttpRequest,
        uploads: UploadQuerySet,
        remove: Callable[..., None],
        *,
        action: str,
        title: str,
        button: str,
        done: str,
    ) -> HttpResponse | None:
        page = self._ask(request, uploads, action=action, title=title, button=button)
        if page is not None:
            return page
        reason, ban = request.POST["reason"], _ban_all(request)
        decide_each(
            request, uploads.select_related("chapter"),
            lambda upload: remove(upload, moderator=current_user(request), reason=reason, ban=ban),
            done=done,
        )  # fmt: skip
        return None

    def _ask(
        self,
        request: HttpRequest,
        uploads: UploadQuerySet,
        *,
        action: str,
        title: str,
        button: str,
        reasons: list[dict[str, str]] | None = None,
    ) -> HttpResponse | None:
        return ask_reason(
            request,
            uploads.select_related("chapter__series"),
            action=action,
            title=title,
            button=button,
            context={
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "reasons": reasons or [],
                "may_ban_pictures": True,
                "list_url": reverse("admin:reader_upload_changelist"),
            },
        )


def _tell_undoable(request: HttpRequest, sentence: str, uploads: list[Upload]) -> None:
    """Offer to undo a batch, unless it is larger than one page of the list."""
    if len(uploads) <= UNDONE_AT_ONCE:
        tell_undoable(request, sentence, undo_url(uploads))
    else:
        messages.success(request, sentence)


def _ban_all(request: HttpRequest) -> BannedNumbers:
    """Return None, which bans all pages, if the box was ticked, and else ()."""
    return None if "ban" in request.POST else ()
