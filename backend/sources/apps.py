from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SourcesConfig(AppConfig):
    name = "sources"
    verbose_name = _("Sources")

    def ready(self) -> None:
        """Register the check that refuses to start with a plug-in that is not right."""
        from sources import registry  # noqa: F401
