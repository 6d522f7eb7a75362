"""Jobs in the admin: their list and pages, of one's own and, for admins, of all."""

from datetime import timedelta

import pytest

from common.work.jobs import record_job, start_job
from tests.api.test_jobs import kind

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]
__all__ = ["kind"]
JOBS = "/admin/common/job/"


def test_admins_see_all_jobs_and_end_them(log_in, kind, reader_rina, admin_aida, moderator_mo):
    waiting = start_job(kind, owner=reader_rina, items=[(2, None)])
    done = record_job(kind, owner=reader_rina, items=[(1, None)], undo_for=timedelta(days=1))
    browser = log_in(admin_aida)

    listed = browser.get(f"{JOBS}?kind=tests.api").content.decode()
    page = browser.get(f"{JOBS}{waiting.pk}/change/").content.decode()
    told = browser.post(f"{JOBS}{waiting.pk}/stop/", follow=True).content.decode()
    browser.post(f"{JOBS}{done.pk}/undo/")

    assert "0 / 1" in listed
    assert f'data-stop="{waiting.pk}"' in page
    assert "data-stop" not in told
    waiting.refresh_from_db()
    done.refresh_from_db()
    assert (waiting.state, done.undone_by) == ("stopped", admin_aida)
    assert "0 / 1" not in log_in(moderator_mo).get(JOBS).content.decode()
    assert log_in(moderator_mo).get(f"{JOBS}{waiting.pk}/change/").status_code == 302
    assert log_in(moderator_mo).post(f"{JOBS}{waiting.pk}/stop/").status_code == 403


def test_moderators_see_and_undo_their_own(log_in, kind, moderator_mo):
    done = record_job(kind, owner=moderator_mo, items=[(1, None)], undo_for=timedelta(days=1))
    browser = log_in(moderator_mo)

    index = browser.get("/admin/").content.decode()
    listed = browser.get(JOBS).content.decode()
    page = browser.get(f"{JOBS}{done.pk}/change/").content.decode()
    browser.post(f"{JOBS}{done.pk}/undo/")

    assert JOBS in index
    assert f"{JOBS}{done.pk}/change/" in listed
    assert f'data-undo="{done.pk}"' in page
    done.refresh_from_db()
    assert done.undone_by == moderator_mo
