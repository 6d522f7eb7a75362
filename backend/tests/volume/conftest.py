"""A big library: made once for all tests of this folder, in a transaction that is taken back."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from tests.volume.library import make_library


@pytest.fixture(scope="package")
def db(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """The database, full; nothing that a test changes in it stays after the last one."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            make_library()
            yield
            transaction.set_rollback(True)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM")  # the dead rows would slow the other files' tests down
