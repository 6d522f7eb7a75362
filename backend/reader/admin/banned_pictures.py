"""The list of banned pictures in the admin, where they can be searched and unbanned."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.admin.decisions import current_user, decide_each
from common.typed_admin import ModelAdmin
from reader.admin.review import review_url
from reader.intake.banned_pictures import unban_picture
from reader.models import BannedPicture


@admin.register(BannedPicture)
class BannedPictureAdmin(ModelAdmin[BannedPicture]):
    """Shows what is known of each banned picture; the picture itself is not kept."""

    list_display = ("short_sha256", "reason", "origin", "dimensions", "added_by", "created_at")
    list_filter = ("created_at", ("added_by", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("upload__chapter__series", "added_by")
    list_per_page = 50
    ordering = ("-created_at", "-pk")
    search_fields = ("sha256__startswith", "reason", "=upload__id")
    search_help_text = gettext_lazy("A SHA-256 or its beginning, a reason, or an upload's number.")
    show_full_result_count = False
    actions = ("unban",)
    fields = ("sha256", "reason", "origin", "dimensions", "color", "added_by", "created_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: pictures are banned from uploads."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: BannedPicture | None = None) -> bool:
        """Return False: nothing about a banned picture can be edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: BannedPicture | None = None) -> bool:
        """Return False: the action takes a picture off the list, and logs it."""
        return False

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Return True for moderators."""
        return request.user.has_perm("reader.moderate_upload")

    @admin.display(description="SHA-256", ordering="sha256")
    def short_sha256(self, picture: BannedPicture) -> str:
        """Return the beginning of the hash."""
        return format_html("<code>{}</code>", picture.sha256[:16])

    @admin.display(description=gettext_lazy("comes from"), ordering="upload")
    def origin(self, picture: BannedPicture) -> str:
        """Return the upload and the page, as long as the upload is known."""
        if picture.upload is None:
            return _("an upload that is gone")
        return format_html(
            '<a href="{}">{}</a>, {} {}',
            review_url(picture.upload), picture.upload.chapter, _("page"), picture.page_number,
        )  # fmt: skip

    @admin.display(description=gettext_lazy("dimensions"))
    def dimensions(self, picture: BannedPicture) -> str:
        """Return the width and height in pixels."""
        return f"{picture.width} × {picture.height}"

    @admin.action(description=gettext_lazy("Unban"), permissions=["moderate"])
    def unban(self, request: HttpRequest, queryset: QuerySet[BannedPicture]) -> None:
        """Take the chosen pictures off the list."""
        decide_each(
            request, queryset,
            lambda picture: unban_picture(picture, moderator=current_user(request)),
            done=_("Pictures unbanned: %(count)d."),
        )  # fmt: skip
