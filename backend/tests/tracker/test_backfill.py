"""Titles of libraries get their length and ids from a source; what is in doubt is a human's."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.jobs import undo_job_of
from catalog.choices import Kind
from catalog.models import Title
from common.http.errors import Forbidden
from common.models import Job, JobItem
from common.work.jobs import delete_old_jobs, run_job
from sources.contract import SourceFailed
from sources.models import SourceAnswer
from tests.cast import client_of, make_title
from tests.sources.answering import answer_all
from tests.sources.shelf import found
from tests.tracker.builders import assert_counted_right, catch_up, keep
from tracker.backfill import start_backfill
from tracker.models import LibraryItem

pytestmark = pytest.mark.django_db


def name_one(user, name, kind="manga", **fields):
    body = {"title": name, "type": kind, **fields}
    return client_of(user).post("/api/library/items", body, format="json").json()


def run(job):
    """Run a job, and answer what it waits for, until it ends."""
    for _round in range(6):
        run_job.run(job.pk)
        job.refresh_from_db()
        if job.state not in ("queued", "running"):
            break
        Job.objects.update(lease_until=None)
        answer_all()
    return {item.subject_id: (item.outcome, item.code) for item in job.items.all()}


@pytest.fixture
def library(shelves, reader_rina, outsider_otto):
    """Titles of each kind of trouble, by name."""
    shelves.put(
        "anilist",
        found("1", "Blue Period", year=2017, length=66, external_ids={"mal": "10"}),
        found("2", "Manas", year=1990, length=9), found("3", "Manas", year=2001, length=8),
        found("4", "Silk Road", year=None, length=40, site_url="https://shelf.test/4"),
        found("5", "Ak Keme", kind=Kind.MOVIE, duration_minutes=90, length=None),
    )  # fmt: skip
    titles = {
        "public": make_title("Blue Period", year=2017),
        "by id": make_title("Another name", anilist_id=5, kind=Kind.MOVIE),
        "in doubt": make_title("Manas", length=3),
        "unknown": make_title("Nobody knows"),
        "not kept": make_title("Silk Road extra"),
        "complete": make_title("Complete", length=5, anilist_id=77),
    }
    for name, title in titles.items():
        if name != "not kept":
            keep(outsider_otto, title, progress=1)
    item = name_one(reader_rina, "silk  road", progress=12, notes="mine")
    titles["private"] = Title.objects.get(pk=item["title_id"])
    return titles


def test_what_is_sure_is_filled_and_what_is_not_is_listed(
    library, reader_rina, outsider_otto, moderator_mo, capsys
):
    dry = start_backfill(moderator_mo, source="anilist", is_dry_run=True)
    said = run(dry)
    before = list(Title.objects.order_by("pk").values())
    call_command("backfill_libraries", "--as", moderator_mo.username)
    job = Job.objects.latest("pk")

    done = run(job)
    call_command("backfill_libraries", "--show", str(job.pk))

    names = {title.pk: name for name, title in library.items()}
    assert {names[pk]: what for pk, what in said.items()} == {
        "public": ("done", "would_fill"), "by id": ("done", "would_fill"),
        "in doubt": ("skipped", "ambiguous"), "unknown": ("skipped", "no_match"),
        "private": ("done", "would_move"),
    }  # fmt: skip
    assert {names[pk]: what for pk, what in done.items()} == {
        "public": ("done", "filled"), "by id": ("done", "filled"),
        "in doubt": ("skipped", "ambiguous"), "unknown": ("skipped", "no_match"),
        "private": ("done", ""),
    }  # fmt: skip
    assert before[0]["length"] is None, "a dry run changes nothing"
    public = Title.objects.get(pk=library["public"].pk)
    assert (public.length, public.anilist_id, public.mal_id) == (66, 1, 10)
    assert Title.objects.get(pk=library["by id"].pk).duration_minutes == 90
    shown = capsys.readouterr().out
    assert f"{library['in doubt'].pk}: ambiguous\n  2: Manas (manga, 1990)" in shown
    assert "3: Manas (manga, 2001)" in shown
    mine = client_of(reader_rina).get("/api/library/items").json()["results"][0]
    assert (mine["title"], mine["max_progress"], mine["progress"]) == ("Silk Road", 40, 12)
    assert (mine["notes"], mine["external_ids"]["anilist"]) == ("mine", 4)
    assert SourceAnswer.objects.filter(is_urgent=True).count() == 0
    catch_up()
    assert_counted_right(reader_rina, outsider_otto)


def test_what_was_moved_can_be_undone_and_else_its_bare_title_goes(
    library, reader_rina, moderator_mo
):
    private = library["private"].pk
    job = start_backfill(moderator_mo, source="anilist", is_dry_run=False)
    run(job)
    undo_job_of(job, user=moderator_mo)
    run_job.run(job.pk)
    back = LibraryItem.objects.select_related("title").get(user=reader_rina)
    again = start_backfill(moderator_mo, source="anilist", is_dry_run=False, after=private - 1)
    run(again)

    Job.objects.update(items_until=timezone.now() - timedelta(days=1))
    delete_old_jobs()

    assert (back.title_id, back.progress) == (private, 12)
    assert back.title.name == "silk road"
    item = LibraryItem.objects.get(user=reader_rina)
    assert item.title.name == "Silk Road" and item.title_id != private
    assert not Title.objects.filter(pk=private).exists()
    catch_up()
    assert_counted_right(reader_rina)


def test_a_source_that_is_down_or_off_is_told(library, shelves, reader_rina, moderator_mo):
    shelves.fail("anilist", SourceFailed("It is down.", code="source_down"))
    job = start_backfill(moderator_mo, source="anilist", is_dry_run=False, limit=2)
    run_job.run(job.pk)
    resting = Job.objects.get(pk=job.pk)
    done = run(job)

    assert resting.lease_until is not None and resting.lease_until > timezone.now()
    assert (resting.failures, resting.done) == (0, 0)
    assert set(done.values()) == {(JobItem.Outcome.FAILED, "source_down")}
    with pytest.raises(Forbidden):
        start_backfill(reader_rina, source="anilist", is_dry_run=False)
    for wrong in (["--as", "nobody"], ["--as", moderator_mo.username, "--source", "moon"]):
        with pytest.raises(CommandError):
            call_command("backfill_libraries", *wrong)
    with pytest.raises(CommandError):
        call_command("backfill_libraries", "--show", "9999")


def test_a_title_whose_id_another_one_has_is_left_to_a_moderator(
    shelves, outsider_otto, moderator_mo
):
    has = make_title("Blue Period", year=2017, anilist_id=1, length=5)
    double = make_title("Blue period", year=2017)
    shelves.put("anilist", found("1", "Blue Period", year=2017, length=66))
    keep(outsider_otto, double)

    done = run(start_backfill(moderator_mo, source="anilist", is_dry_run=False))

    assert done == {double.pk: ("skipped", "id_taken")}
    assert JobItem.objects.get().before == {"fields": {"candidates": [f"{has.pk}: {has.name}"]}}
