from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReaderConfig(AppConfig):
    name = "reader"
    verbose_name = _("Reading")

    def ready(self) -> None:
        """Say what is known here about a person."""
        from reader.personal_data import register_reader

        register_reader()
