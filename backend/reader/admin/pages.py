"""Pages in the admin: moderators look at them, and delete them from waiting uploads."""

from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.decisions import ask_reason, current_user, decide_each
from common.counting import BoundedPaginator
from common.files.media import EXTENSIONS
from common.typed_admin import ModelAdmin
from reader.intake.banned_pictures import ban_pictures
from reader.intake.quarantine import small_page_url
from reader.models import Page, Upload
from reader.publication.moderation import delete_pages


class ContentTypeFilter(admin.SimpleListFilter):
    """Filters by content type; offers the possible types, as a query would read all pages."""

    title = gettext_lazy("kind")
    parameter_name = "content_type"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        """Return the possible types."""
        return [(content_type, content_type) for content_type in EXTENSIONS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Page]) -> QuerySet[Page]:
        """Return the pages of the chosen type."""
        return queryset.filter(content_type=self.value()) if self.value() else queryset


@admin.register(Page)
class PageAdmin(ModelAdmin[Page]):
    """Shows every page with what its checks found out."""

    list_display = ("picture", "upload", "number", "name", "content_type", "dimensions", "size")
    list_filter = (ContentTypeFilter,)
    list_select_related = ("upload", "file", "saver")
    list_per_page = 50
    # The order of an index that is read backwards; see `get_ordering` for searches.
    ordering = ("-upload_id", "-number")
    search_fields = ("=upload__id", "=sha256")
    search_help_text = gettext_lazy("An upload's number, or a SHA-256.")
    paginator = BoundedPaginator
    show_full_result_count = False
    actions = ("delete_chosen", "ban_chosen")
    fields = (
        "picture", "upload", "number", "name", "content_type", "dimensions", "size", "sha256",
        "color",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Page]:
        """Return all pages for moderators, and for others those that they sent."""
        pages = super().get_queryset(request)
        if request.user.has_perm("reader.moderate_upload"):
            return pages
        return pages.filter(upload__uploader=request.user.pk)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Sort the results of a search in reading order."""
        return ("upload_id", "number") if request.GET.get("q") else self.ordering

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: pages come in zips."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        """Return False: nothing about a page can be edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        """Return False: pages are deleted by the action, which numbers the others again."""
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Return True for moderators."""
        return request.user.has_perm("reader.moderate_upload")

    @admin.display(description=gettext_lazy("picture"))
    def picture(self, page: Page) -> str:
        """Return a small view of the page."""
        return format_html(
            '<img class="page-small" src="{}" alt="{}" width="{}" height="{}" loading="lazy">',
            small_page_url(page.upload, page), _("Page %(number)s") % {"number": page.number},
            page.width, page.height,
        )  # fmt: skip

    @admin.display(description=gettext_lazy("dimensions"))
    def dimensions(self, page: Page) -> str:
        """Return the width and height in pixels."""
        return f"{page.width} × {page.height}"

    @admin.display(description=gettext_lazy("size"), ordering="bytes")
    def size(self, page: Page) -> str:
        """Return the size of the file in readable units."""
        return str(filesizeformat(page.bytes))

    @admin.action(description=gettext_lazy("Delete pages"), permissions=["moderate"])
    def delete_chosen(self, request: HttpRequest, queryset: QuerySet[Page]) -> None:
        """Delete the chosen pages from their uploads."""
        numbers = _numbers_by_upload(queryset)
        moderator: Any = current_user(request)
        decide_each(
            request, Upload.objects.filter(pk__in=numbers),
            lambda upload: delete_pages(upload, numbers=numbers[upload.pk], moderator=moderator),
            done=_("Uploads that lost pages: %(count)d."),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Ban pictures…"), permissions=["moderate"])
    def ban_chosen(self, request: HttpRequest, queryset: QuerySet[Page]) -> HttpResponse | None:
        """Ban the chosen pictures: later uploads that hold one fail, or are marked for review."""
        page = ask_reason(
            request,
            queryset,
            action="ban_chosen",
            title=_("Ban pictures"),
            button=_("Ban"),
            context={
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "list_url": reverse("admin:reader_page_changelist"),
            },
        )
        if page is not None:
            return page
        numbers, reason = _numbers_by_upload(queryset), request.POST["reason"]
        decide_each(
            request, Upload.objects.filter(pk__in=numbers),
            lambda upload: ban_pictures(
                upload, numbers=numbers[upload.pk], moderator=current_user(request), reason=reason
            ),
            done=_("Uploads whose pictures are banned: %(count)d."),
        )  # fmt: skip
        return None


def _numbers_by_upload(pages: QuerySet[Page]) -> dict[int, set[int]]:
    numbers: defaultdict[int, set[int]] = defaultdict(set)
    for upload_id, number in pages.values_list("upload_id", "number"):
        numbers[upload_id].add(number)
    return numbers
