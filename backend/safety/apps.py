from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SafetyConfig(AppConfig):
    name = "safety"
    verbose_name = _("Reports and people")

    def ready(self) -> None:
        """Say what is known here about a person; letters become known to who sends them."""
        from safety import letters  # noqa: F401
        from safety.personal_data import register_safety

        register_safety()
