"""Roles are groups with permissions: reader, uploader, trusted uploader, moderator, admin."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.models import User

READER, UPLOADER, TRUSTED = "reader", "uploader", "trusted"
MODERATOR, ADMIN = "moderator", "admin"
ROLES = (READER, UPLOADER, TRUSTED, MODERATOR, ADMIN)

_UPLOADER = {"reader.submit_upload"}
_TRUSTED = {"reader.skip_review"}
_UPLOADER_IN_ADMIN = {"reader.view_upload", "reader.view_chapter", "catalog.view_title"}
_MODERATOR = {
    *_UPLOADER,
    "accounts.enter_admin",
    "accounts.ban_user",
    "accounts.grant_uploader",
    "accounts.moderate_avatar",
    "accounts.view_uploaderrequest",
    "accounts.view_user",
    "accounts.view_strike",
    "accounts.view_auditentry",
    "reader.moderate_upload",
    "catalog.moderate_title",
    *(
        f"{app}.{verb}_{model}"
        for app, models in {
            "catalog": (
                "title",
                "person",
                "author",
                "artist",
                "credit",
                "alias",
                "category",
                "tag",
                "cover",
            ),
            "reader": ("series", "chapter", "upload", "volume", "group", "page"),
        }.items()
        for model in models
        for verb in ("view", "add", "change")
    ),
    "catalog.delete_alias",
    "catalog.delete_credit",
    "catalog.delete_person",
    "catalog.delete_author",
    "catalog.delete_artist",
    "catalog.delete_tag",
    "catalog.delete_category",
    "safety.view_case",
    "safety.decide_case",
    "safety.view_member",
    "safety.warn_user",
    "safety.strike_user",
    "safety.delete_all_uploads",
    "reader.view_bannedpicture",
    "reader.delete_page",
    "reader.delete_volume",
}
PERMISSIONS: dict[str, set[str] | None] = {
    READER: set(),
    UPLOADER: _UPLOADER | _UPLOADER_IN_ADMIN,
    TRUSTED: _UPLOADER | _UPLOADER_IN_ADMIN | _TRUSTED,
    MODERATOR: _MODERATOR | _UPLOADER_IN_ADMIN,
    ADMIN: None,  # all there are
}


def grant_declared_permissions(**options: Any) -> None:
    """Make the groups and their permissions exactly as declared; idempotent."""
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    with transaction.atomic():
        for role, names in PERMISSIONS.items():
            group, _ = Group.objects.get_or_create(name=role)
            wanted = known.values() if names is None else (known[n] for n in names if n in known)
            group.permissions.set(wanted)


def grant_role(user: User, role: str) -> None:
    """Put `user` into a role; a second time changes nothing."""
    group, _ = Group.objects.get_or_create(name=role)
    user.groups.add(group)


def is_of_staff(user: User) -> bool:
    """True for moderators and admins by their role, and for whom an admin made staff."""
    return user.is_active and (user.is_staff or user.has_perm("accounts.enter_admin"))


def roles_of(user: User) -> list[str]:
    """Return the roles in their order; everybody is a reader."""
    names = set(user.groups.values_list("name", flat=True)) | {READER}
    if user.is_superuser:
        names.add(ADMIN)
    return [role for role in ROLES if role in names]
