"""What the roles may do in this app: moderators see sources and block groups, admins switch."""

from accounts.roles.groups import MODERATOR, RolePermissions

ROLE_PERMISSIONS: RolePermissions = {
    MODERATOR: {
        "sources.view_sourcesettings",
        "sources.view_sourcefollow",
        "sources.view_groupblock",
        "sources.add_groupblock",
    },
}
