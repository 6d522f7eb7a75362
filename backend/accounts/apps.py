from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        """Give the roles their declared permissions after each migration."""
        from accounts.roles.groups import grant_declared_permissions

        # `accounts.auth.login` writes `last_login`; Django's receiver would also save a user who
        # has been deleted meanwhile.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
        post_migrate.connect(grant_declared_permissions, dispatch_uid="accounts.roles")
