from importlib import import_module

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

_STORIES_WITH_LETTERS = (
    "addresses", "api_keys", "bans", "leaving", "passwords", "requests", "resets", "second_factor",
)  # fmt: skip


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        """Keep the roles' permissions as declared; make letters known to who sends them."""
        for story in _STORIES_WITH_LETTERS:
            import_module(f"accounts.{story}")
        from accounts.personal_data import register_accounts
        from accounts.roles import grant_declared_permissions

        register_accounts()
        # `accounts.login` notes when somebody came in; Django would save a person who has left.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
        post_migrate.connect(grant_declared_permissions, dispatch_uid="accounts.roles")
