"""What the roles may do in this app."""

from accounts.roles.groups import MODERATOR, RolePermissions

ROLE_PERMISSIONS: RolePermissions = {
    MODERATOR: {
        "safety.view_case",
        "safety.decide_case",
        "safety.view_member",
        "safety.warn_user",
        "safety.strike_user",
        "safety.delete_all_uploads",
    },
}
