from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        """Let every connection to SQLite fold text as PostgreSQL does."""
        from django.db.backends.signals import connection_created

        from common.names import teach_sqlite_to_fold

        connection_created.connect(teach_sqlite_to_fold)
