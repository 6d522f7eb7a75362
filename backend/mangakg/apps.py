from django.apps import AppConfig


class MangaKGConfig(AppConfig):
    name = "mangakg"

    def ready(self) -> None:
        """Let every app register its background tasks and e-mails, in every process."""
        from common.discovery import import_modules, own_apps

        for app in own_apps():
            if app is not self:
                import_modules(app)
