"""Tasks and their bells: a lost bell is no lost work, a failed task stays due."""

import pytest
from kombu.exceptions import OperationalError

from common import background
from common.background import BackgroundTask, bell_file, ring_bell
from common.leases import LeaseLost
from reader.uploads import extract_upload
from tests.cast import make_title, make_upload_row


def make_task(run):
    return BackgroundTask("tests.task", run, list, "publishing", 60)


def test_a_task_says_whether_it_worked():
    def lose(_pk):
        raise LeaseLost

    def fail(_pk):
        raise RuntimeError

    assert [make_task(run).work(1) for run in (lambda _pk: None, lose, fail)] == [
        True, False, False,
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_bell_is_rung_on_commit(django_capture_on_commit_callbacks, monkeypatch):
    rung = []
    monkeypatch.setattr(background, "ring_bell", lambda *args: rung.append(args))

    with django_capture_on_commit_callbacks(execute=True):
        make_task(print).ring(7)
        assert rung == []

    assert rung == [("tests.task", "publishing", 7)]


def test_without_a_broker_the_bell_is_a_file(settings):
    settings.CELERY_BROKER_URL = None
    bell_file("variants").unlink(missing_ok=True)

    ring_bell("tests.task", "variants", 1)

    assert bell_file("variants").exists()


def test_a_bell_that_cannot_be_rung_is_only_logged(settings, monkeypatch):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    class Deaf:
        def send_task(self, *_args, **_options):
            raise OperationalError("no broker")

    monkeypatch.setattr(background, "celery_app", Deaf)

    ring_bell("tests.task", "variants", 1)


@pytest.mark.django_db
def test_due_rows_come_first_come_first_served(uploader_uli):
    series = make_title()
    rows = [
        make_upload_row(uploader=uploader_uli, series=series, state="received", pages=0)
        for _ in range(3)
    ]

    assert list(extract_upload.due()) == [row.pk for row in rows]
