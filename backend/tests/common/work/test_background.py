"""Tasks and their wake_ups: a lost wake_up is no lost work, a failed task stays due."""

import pytest
from kombu.exceptions import OperationalError

from common.work import background
from common.work.background import BackgroundTask, wake_up_file, wake_worker
from common.work.leases import LeaseLost
from reader.intake.extraction import extract_upload
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
def test_a_worker_is_woken_on_commit(django_capture_on_commit_callbacks, monkeypatch):
    rung = []
    monkeypatch.setattr(background, "wake_worker", lambda *args: rung.append(args))

    with django_capture_on_commit_callbacks(execute=True):
        make_task(print).enqueue(7)
        assert rung == []

    assert rung == [("tests.task", "publishing", 7)]


def test_without_a_broker_a_file_wakes_the_worker(settings):
    settings.CELERY_BROKER_URL = None
    wake_up_file("variants").unlink(missing_ok=True)

    wake_worker("tests.task", "variants", 1)

    assert wake_up_file("variants").exists()


def test_a_message_that_is_not_taken_is_only_logged(settings, monkeypatch):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"

    class Deaf:
        def send_task(self, *_args, **_options):
            raise OperationalError("no broker")

    monkeypatch.setattr(background, "celery_app", Deaf)

    wake_worker("tests.task", "variants", 1)


@pytest.mark.django_db
def test_due_rows_come_first_come_first_served(uploader_uli):
    series = make_title()
    rows = [
        make_upload_row(uploader=uploader_uli, series=series, state="received", pages=0)
        for _ in range(3)
    ]

    assert list(extract_upload.due()) == [row.pk for row in rows]
