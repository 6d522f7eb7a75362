"""Roles are groups with permissions: reader, uploader, trusted uploader, moderator, admin."""

from collections.abc import Collection, Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.models import User
from common.discovery import declared

READER, UPLOADER, TRUSTED = "reader", "uploader", "trusted"
MODERATOR, ADMIN = "moderator", "admin"
ROLES = (READER, UPLOADER, TRUSTED, MODERATOR, ADMIN)

RolePermissions = Mapping[str, Collection[str]]


def declared_permissions() -> dict[str, set[str]]:
    """Return the permissions of each role but the admin's, as the apps declare them.

    An app declares in `<app>/permissions.py` what it adds: `ROLE_PERMISSIONS: RolePermissions`.
    """
    found: dict[str, set[str]] = {role: set() for role in ROLES if role != ADMIN}
    for added in declared("permissions", "ROLE_PERMISSIONS"):
        for role, names in added.items():
            found[role].update(names)
    return found


def grant_declared_permissions(**options: Any) -> None:
    """Give each group exactly its declared permissions; admins get all there are."""
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    with transaction.atomic():
        admins, _ = Group.objects.get_or_create(name=ADMIN)
        admins.permissions.set(known.values())
        for role, names in declared_permissions().items():
            group, _ = Group.objects.get_or_create(name=role)
            # After the migrations of lower apps the permissions of upper ones do not exist yet.
            group.permissions.set(known[name] for name in names if name in known)


def grant_role(user: User, role: str) -> None:
    """Put `user` into a role; a second time changes nothing."""
    group, _ = Group.objects.get_or_create(name=role)
    user.groups.add(group)


def roles_of(user: User) -> list[str]:
    """Return the user's roles in their order; every user is a reader."""
    names = set(user.groups.values_list("name", flat=True)) | {READER}
    if user.is_superuser:
        names.add(ADMIN)
    return [role for role in ROLES if role in names]
