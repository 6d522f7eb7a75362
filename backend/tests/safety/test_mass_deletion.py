"""All uploads of a person go in one act, and come back as they were by another."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db.models import F

from accounts.models import AuditEntry, User
from accounts.roles.bans import ban_user
from common.files.pictures.decoding import PictureDecoder
from common.files.storages import list_names, media_storage
from common.http.errors import AlreadyDecided, Forbidden
from common.models import JobItem
from common.work import background
from common.work.jobs import run_job
from common.work.leases import claim
from reader.intake.extraction import extract_upload
from reader.models import Chapter, Page, Upload
from reader.publication.moderation import (
    approve_upload,
    reject_upload,
    restore_upload,
    take_down_upload,
)
from reader.publication.publishing import hide_upload, publish_upload
from safety import mass_deletion
from safety.mass_deletion import delete_all_uploads, undo_mass_deletion
from safety.models import MassDeletion
from tests.cast import client_of, make_title, make_upload, make_upload_row
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import make_chapter_zip

pytestmark = pytest.mark.django_db

STATES = ("received", "awaiting_review", "publishing", "live")


@pytest.fixture
def series(db):
    return make_title()


@pytest.fixture
def of_all_states(series, uploader_uli, moderator_mo):
    """One of Uli's of each state that there is to remove, and one that is over."""
    made = {
        state: make_upload(uploader=uploader_uli, series=series, state=state) for state in STATES
    }
    made["rejected"] = make_upload(uploader=uploader_uli, series=series)
    reject_upload(made["rejected"], moderator=moderator_mo, reason="No.")
    return made


def states_of(uploads: dict[str, Upload]) -> dict[str, str]:
    now = dict(Upload.objects.values_list("pk", "state"))
    return {name: now[upload.pk] for name, upload in uploads.items()}


def test_everything_goes_at_once_and_only_theirs(
    of_all_states, series, outsider_otto, uploader_uli, moderator_mo
):
    theirs = make_upload(uploader=outsider_otto, series=series, state="live")

    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason=" Malware. ")

    assert states_of(of_all_states) == dict.fromkeys(STATES, "deleted") | {"rejected": "rejected"}
    assert list(Chapter.objects.public().values_list("live_upload", flat=True)) == [theirs.pk]
    series.refresh_from_db()
    assert (series.chapter_count, deletion.total) == (1, 4)
    page = client_of(None).get(f"/api/chapters/{of_all_states['live'].chapter_id}")
    assert page.status_code == 404
    items = JobItem.objects.values_list("subject_id", "before__state")
    assert dict(items) == {of_all_states[state].pk: state for state in STATES}
    assert AuditEntry.objects.filter(action="delete", reason="Malware.").count() == 4
    entry = AuditEntry.objects.get(action="delete_all_uploads")
    assert (entry.actor, entry.subject_id) == (moderator_mo, uploader_uli.pk)


def test_the_files_leave_the_public_folder_and_nothing_is_orphaned(
    of_all_states, uploader_uli, moderator_mo
):
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")

    finish_due_work()

    assert list(list_names(media_storage(), "")) == []
    deletion.refresh_from_db()
    assert deletion.state == "done"
    assert find_leftovers() == []


def test_each_upload_is_rung_by_itself_and_no_worker_holds_them_all(
    series, uploader_uli, moderator_mo, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(mass_deletion, "_RUNG_AT_ONCE", 2)
    uploads = [
        make_upload_row(uploader=uploader_uli, series=series, number=number) for number in range(3)
    ]
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(background, "wake_worker", lambda name, _queue, pk: rung.append((name, pk)))

    def settle() -> list[tuple[str, int]]:
        rung.clear()
        with django_capture_on_commit_callbacks(execute=True):
            run_job.run(deletion.pk)
        return list(rung)

    again = (run_job.name, deletion.pk)
    assert settle() == [(hide_upload.name, upload.pk) for upload in uploads[:2]] + [again]
    assert Page.objects.filter(file__isnull=False).count() == 6
    claim(Upload.objects.all(), uploads[0].pk)  # a worker has heard of one
    Upload.objects.filter(pk=uploads[1].pk).update(hide_after=None)
    assert settle() == [(hide_upload.name, uploads[2].pk), again]
    Upload.objects.filter(pk=uploads[2].pk).update(hide_after=None)
    assert settle() == []
    deletion.refresh_from_db()
    assert deletion.state == "done"


def test_undo_brings_each_back_to_where_it_was(of_all_states, series, uploader_uli, moderator_mo):
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    finish_due_work()

    undo_mass_deletion(deletion, moderator=moderator_mo)

    assert states_of(of_all_states) == {
        "received": "received", "awaiting_review": "awaiting_review", "publishing": "publishing",
        "live": "publishing", "rejected": "rejected",
    }  # fmt: skip
    assert deletion.restored_count == 4
    finish_due_work()
    assert states_of(of_all_states) == {
        "received": "awaiting_review", "awaiting_review": "awaiting_review",
        "publishing": "live", "live": "live", "rejected": "rejected",
    }  # fmt: skip
    series.refresh_from_db()
    assert series.chapter_count == 2
    assert find_leftovers() == []


def test_undo_happens_once(of_all_states, uploader_uli, moderator_mo):
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    undo_mass_deletion(deletion, moderator=moderator_mo)

    with pytest.raises(AlreadyDecided):
        undo_mass_deletion(deletion, moderator=moderator_mo)


def test_after_its_time_nothing_can_be_undone_and_the_files_are_gone(
    of_all_states, uploader_uli, moderator_mo
):
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    past = django_settings.TAKEN_DOWN_KEEP + timedelta(minutes=1)
    MassDeletion.objects.update(undo_until=F("undo_until") - past)
    Upload.objects.filter(purge_after__isnull=False).update(purge_after=F("purge_after") - past)

    with pytest.raises(AlreadyDecided):
        undo_mass_deletion(deletion, moderator=moderator_mo)

    finish_due_work()
    assert not Page.objects.exists()
    assert find_leftovers() == []


def test_what_stands_there_by_now_is_left_and_told(
    series, uploader_uli, outsider_otto, moderator_mo
):
    mine = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    theirs = make_upload(uploader=outsider_otto, series=series, state="live", number=None)

    undo_mass_deletion(deletion, moderator=moderator_mo)
    finish_due_work()

    mine.refresh_from_db()
    assert (mine.state, mine.chapter_id) == ("deleted", theirs.chapter_id)
    assert Chapter.objects.get(pk=theirs.chapter_id).live_upload == theirs
    assert (deletion.restored_count, deletion.items.get().undone) == (0, False)
    assert find_leftovers() == []


def test_what_somebody_restored_and_removed_since_is_no_longer_this_acts(
    series, uploader_uli, moderator_mo, moderator_max
):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    restore_upload(upload, moderator=moderator_max)
    publish_upload.run(upload.pk)
    take_down_upload(upload, moderator=moderator_max, reason="Again.")

    undo_mass_deletion(deletion, moderator=moderator_mo)

    upload.refresh_from_db()
    assert (upload.state, upload.reason) == ("taken_down", "Again.")


def test_one_of_them_can_be_restored_alone_to_where_it_was(of_all_states, moderator_mo):
    delete_all_uploads(of_all_states["live"].uploader, moderator=moderator_mo, reason="Malware.")

    for name in STATES:
        restore_upload(of_all_states[name], moderator=moderator_mo)

    assert states_of(of_all_states)["awaiting_review"] == "awaiting_review"
    finish_due_work()
    assert states_of(of_all_states)["live"] == "live"
    assert find_leftovers() == []


def test_the_same_zip_that_is_under_way_again_is_left(series, uploader_uli, moderator_mo):
    archive = make_chapter_zip(2, seed=77)
    words = {"uploader": uploader_uli, "series": series, "number": None, "archive": archive}
    first = make_upload(**words)
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    second = make_upload(**words)

    undo_mass_deletion(deletion, moderator=moderator_mo)

    assert set(Upload.objects.values_list("pk", "state")) == {
        (first.pk, "deleted"), (second.pk, "awaiting_review"),
    }  # fmt: skip


def test_of_a_live_one_and_its_replacement_the_newer_comes_back(series, uploader_uli, moderator_mo):
    old = make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    new = make_upload(uploader=uploader_uli, series=series, number=None)
    approve_upload(new, moderator=moderator_mo)
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")

    undo_mass_deletion(deletion, moderator=moderator_mo)
    finish_due_work()

    assert Chapter.objects.get(pk=old.chapter_id).live_upload == new
    assert find_leftovers() == []


def test_a_superseded_one_leaves_the_public_folder_too(series, uploader_uli, moderator_mo):
    make_upload(uploader=uploader_uli, series=series, state="live", number=None)
    make_upload(uploader=uploader_uli, series=series, state="live", number=None)

    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    finish_due_work()

    assert deletion.total == 2
    assert list(list_names(media_storage(), "")) == []
    undo_mass_deletion(deletion, moderator=moderator_mo)
    finish_due_work()
    assert sorted(Upload.objects.values_list("state", flat=True)) == ["live", "superseded"]
    assert find_leftovers() == []


def test_a_zip_that_is_being_checked_stops(series, uploader_uli, moderator_mo, monkeypatch):
    upload = make_upload(uploader=uploader_uli, series=series, state="received")
    real = PictureDecoder.decode

    def decode(self, *args, **options):
        if not MassDeletion.objects.exists():
            delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
        return real(self, *args, **options)

    monkeypatch.setattr(PictureDecoder, "decode", decode)

    extract_upload.run(upload.pk)

    upload.refresh_from_db()
    assert (upload.state, upload.pages.count()) == ("deleted", 0)
    undo_mass_deletion(MassDeletion.objects.get(), moderator=moderator_mo)
    finish_due_work()
    upload.refresh_from_db()
    assert (upload.state, upload.pages.count()) == ("awaiting_review", 3)
    assert find_leftovers() == []


def test_a_worker_that_dies_while_it_moves_files_is_followed_by_another(
    series, uploader_uli, moderator_mo, monkeypatch
):
    for _number in range(3):
        make_upload(uploader=uploader_uli, series=series, state="live")
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    runs = []

    def killed(self, pk):
        runs.append(pk)
        if len(runs) == 2:
            raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(type(hide_upload), "enqueue", killed)
        with pytest.raises(SystemExit):
            run_job.run(deletion.pk)

    finish_due_work()

    deletion.refresh_from_db()
    assert deletion.state == "done"
    assert list(list_names(media_storage(), "")) == []
    assert find_leftovers() == []


def test_an_undo_takes_the_act_out_of_the_hands_of_its_worker(
    series, uploader_uli, moderator_mo, monkeypatch
):
    uploads = [make_upload(uploader=uploader_uli, series=series, state="live") for _ in range(2)]
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")

    def undo_meanwhile(self, pk):
        if MassDeletion.objects.filter(undone_at__isnull=True).exists():
            undo_mass_deletion(deletion, moderator=moderator_mo)

    with monkeypatch.context() as patch:
        patch.setattr(type(hide_upload), "enqueue", undo_meanwhile)
        run_job.run(deletion.pk)
    deletion.refresh_from_db()
    assert deletion.state == "running"

    finish_due_work()

    assert set(states_of(dict(enumerate(uploads))).values()) == {"live"}
    assert find_leftovers() == []


def test_many_uploads_take_no_query_each(
    series, uploader_uli, moderator_mo, django_assert_max_num_queries
):
    for number in range(40):
        make_upload_row(uploader=uploader_uli, series=series, pages=1, number=number)

    with django_assert_max_num_queries(30):
        deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    with django_assert_max_num_queries(30):
        undo_mass_deletion(deletion, moderator=moderator_mo)

    assert deletion.restored_count == 40


def test_there_must_be_something_a_reason_and_a_right(
    series, uploader_uli, outsider_otto, moderator_mo, moderator_max
):
    upload = make_upload_row(uploader=uploader_uli, series=series)
    make_upload_row(uploader=moderator_max, series=series)

    with pytest.raises(AlreadyDecided):
        delete_all_uploads(outsider_otto, moderator=moderator_mo, reason="x")
    with pytest.raises(Forbidden):
        delete_all_uploads(uploader_uli, moderator=outsider_otto, reason="x")
    with pytest.raises(Forbidden):
        delete_all_uploads(moderator_max, moderator=moderator_mo, reason="x")
    with pytest.raises(Exception, match="Say why"):
        delete_all_uploads(uploader_uli, moderator=moderator_mo, reason=" ")

    upload.refresh_from_db()
    assert (upload.state, MassDeletion.objects.count()) == ("live", 0)


def test_whose_uploads_were_deleted_cannot_undo_it(moderator_max, admin_aida, series):
    make_upload_row(uploader=moderator_max, series=series)
    deletion = delete_all_uploads(moderator_max, moderator=admin_aida, reason="Sold approvals.")

    with pytest.raises(Forbidden):
        undo_mass_deletion(deletion, moderator=moderator_max)


def test_it_outlives_the_account(series, uploader_uli, moderator_mo):
    upload = make_upload(uploader=uploader_uli, series=series, state="live")
    deletion = delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")
    ban_user(uploader_uli, moderator=moderator_mo, reason="Malware.")
    User.objects.get(pk=uploader_uli.pk).delete()
    deletion.refresh_from_db()

    undo_mass_deletion(deletion, moderator=moderator_mo)
    finish_due_work()

    upload.refresh_from_db()
    assert (upload.state, upload.uploader) == ("live", None)
