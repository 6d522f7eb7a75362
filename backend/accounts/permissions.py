"""What the roles may do in this app."""

from accounts.roles.groups import MODERATOR, RolePermissions

ROLE_PERMISSIONS: RolePermissions = {
    MODERATOR: {
        "accounts.enter_admin",
        "accounts.ban_user",
        "accounts.grant_uploader",
        "accounts.moderate_avatar",
        "accounts.view_uploaderrequest",
        "accounts.view_user",
        "accounts.view_strike",
        "accounts.view_auditentry",
    },
}
