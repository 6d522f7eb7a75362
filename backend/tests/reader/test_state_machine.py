"""Over 500 random acts of uploaders, moderators and workers leave no orphan and no dangling row."""

import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.roles.groups import MODERATOR, UPLOADER
from catalog.choices import Moderation
from common.files.media import sweep_unreferenced_media
from common.files.storages import delete_names, list_names, media_storage, quarantine_storage
from common.http.errors import AppError
from common.models import MediaFile
from common.work.background import TASKS
from common.work.leases import LeaseLost, end_all_leases
from reader.intake.purging import sweep_stray_folders
from reader.intake.uploads import Submission, submit_upload, withdraw_upload
from reader.models import Chapter, Page, Upload
from reader.publication import moderation
from reader.reading.chapters import release_due_chapters
from reader.states import UNDECIDED, UploadState
from safety.mass_deletion import delete_all_uploads, undo_mass_deletion
from safety.models import MassDeletion
from tests.cast import make_title, make_user
from tests.leftovers import find_leftovers, finish_due_work
from tests.reader.archive_builders import REJECTED_ARCHIVES, make_chapter_zip, zip_of_page

RUNS, STEPS = 9, 80

# Few pages in many zips, so that most are shared; some zips only fail in the worker.
ARCHIVES = [
    *(make_chapter_zip(pages, seed=1) for pages in (1, 2, 3)),
    *(make_chapter_zip(2, seed=seed, format="png", size=(160, 220)) for seed in (2, 3)),
    make_chapter_zip(2, seed=4, cover=True),
]
BAD_ARCHIVES = [
    REJECTED_ARCHIVES["not_a_zip"](),
    REJECTED_ARCHIVES["bad_numbering"](),
    zip_of_page(b"just words", "3.jpg"),
    zip_of_page(make_chapter_zip(1)[:-100], "3.png"),
]
# How often each act is tried; most need an upload in the right state.
WEIGHTS = {
    "submit": 14, "withdraw": 3, "approve": 14, "reject": 3, "take_down_or_delete": 5,
    "restore": 6, "delete_pages": 3, "show_or_hide_the_series": 2, "work": 34,
    "delete_all_of_somebody": 2, "undo_a_deletion": 4,
    "send_a_wrong_message": 4, "be_killed_at_work": 12, "let_time_pass": 4, "keep_house": 4,
}  # fmt: skip
acts: Counter[str] = Counter()
states: set[str] = set()


class Impossible(Exception):
    """Nothing is in the state that this act needs."""


class Killed(BaseException):
    """What SIGKILL does: nobody catches it."""


class Library(RuleBasedStateMachine):
    @initialize()
    def open_house(self):
        self.uploaders = [make_user(f"uploader{n}", UPLOADER) for n in range(2)]
        self.moderator = make_user("moderator", MODERATOR)
        self.series = make_title()
        self.steps = 0

    @rule(dice=st.randoms(use_true_random=True))
    def act(self, dice):
        """One rule for all, so that what can be done now is chosen by weight and never skipped."""
        # Hypothesis likes some seeds more than others; each step gets dice of its own.
        self.steps += 1
        dice = random.Random(f"{dice.getrandbits(64)} {self.steps}")
        while True:
            [chosen] = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
            try:
                with suppress(AppError, LeaseLost, Killed):  # refused with a code, or killed
                    getattr(self, chosen)(dice)
            except Impossible:
                continue
            acts[chosen] += 1
            return

    # --- Uploaders ------------------------------------------------------------------------------

    def submit(self, dice):
        archive = dice.choice(BAD_ARCHIVES if dice.random() < 0.2 else ARCHIVES)
        submit_upload(
            self.series,
            uploader=dice.choice(self.uploaders),
            archive=ContentFile(archive, name="chapter.zip"),
            submission=Submission(number=Decimal(dice.randint(1, 3)), language="en"),
        )

    def withdraw(self, dice):
        upload = self.pick(dice, *UNDECIDED)
        withdraw_upload(upload, user=upload.uploader)

    # --- Moderators -----------------------------------------------------------------------------

    def approve(self, dice):
        upload = self.pick(dice, UploadState.AWAITING_REVIEW)
        moderation.approve_upload(upload, moderator=self.moderator)

    def reject(self, dice):
        upload = self.pick(dice, UploadState.AWAITING_REVIEW)
        moderation.reject_upload(upload, moderator=self.moderator, reason="No.")

    def take_down_or_delete(self, dice):
        upload = self.pick(dice, UploadState.LIVE)
        remove = moderation.delete_upload if dice.random() < 0.5 else moderation.take_down_upload
        remove(upload, moderator=self.moderator, reason="No.")

    def restore(self, dice):
        upload = self.pick(dice, UploadState.TAKEN_DOWN, UploadState.DELETED)
        moderation.restore_upload(upload, moderator=self.moderator)

    def delete_pages(self, dice):
        upload = self.pick(dice, UploadState.AWAITING_REVIEW)
        numbers = list(upload.pages.values_list("number", flat=True))
        chosen = dice.sample(numbers, dice.randint(1, len(numbers)))
        moderation.delete_pages(upload, numbers=chosen, moderator=self.moderator)

    def delete_all_of_somebody(self, dice):
        who = dice.choice(self.uploaders)
        delete_all_uploads(who, moderator=self.moderator, reason="No.")

    def undo_a_deletion(self, dice):
        ids = (
            MassDeletion.objects.filter(undone_at=None).order_by("pk").values_list("pk", flat=True)
        )
        if not ids:
            raise Impossible
        deletion = MassDeletion.objects.get(pk=dice.choice(list(ids)))
        undo_mass_deletion(deletion, moderator=self.moderator)

    def show_or_hide_the_series(self, dice):
        is_shown = dice.random() < 0.7
        self.series.moderation = Moderation.APPROVED if is_shown else Moderation.PENDING
        self.series.save(update_fields=["moderation"])

    # --- Workers and time -----------------------------------------------------------------------

    def work(self, dice):
        due = [(task, pk) for task in TASKS.values() for pk in task.due()]
        if not due:
            raise Impossible
        task, pk = dice.choice(due)
        task.run(pk)

    def send_a_wrong_message(self, dice):
        upload = self.pick(dice)
        TASKS[dice.choice(sorted(TASKS))].run(upload.pk)

    def be_killed_at_work(self, dice):
        due = [(task, pk) for task in TASKS.values() for pk in task.due()]
        if not due:
            raise Impossible
        task, pk = dice.choice(due)
        with pytest.MonkeyPatch.context() as patch:
            _kill_at(patch, dice.choice(["store", "read", "row"]), after=dice.randint(0, 2))
            task.run(pk)

    def let_time_pass(self, dice):
        past = timedelta(days=dice.choice([0.02, 0.02, 1.5, 8, 31]))
        for column in ("lease_until", "purge_after", "decided_at", "created_at"):
            Upload.objects.filter(**{f"{column}__isnull": False}).update(
                **{column: F(column) - past}
            )
        MassDeletion.objects.update(
            created_at=F("created_at") - past, undo_until=F("undo_until") - past
        )
        MediaFile.objects.filter(
            unreferenced_since__gt=timezone.now() - timedelta(days=10_000)
        ).update(unreferenced_since=F("unreferenced_since") - past)

    def keep_house(self, dice):
        dice.choice(
            [sweep_unreferenced_media, sweep_stray_folders, release_due_chapters, end_all_leases]
        )()

    # --- What always holds ----------------------------------------------------------------------

    @invariant()
    def a_chapter_shows_its_live_upload_and_nothing_else(self):
        states.update(Upload.objects.values_list("state", flat=True))
        live = set(Upload.objects.filter(state=UploadState.LIVE).values_list("chapter_id", "pk"))
        shown = Chapter.objects.filter(live_upload__isnull=False)
        assert set(shown.values_list("pk", "live_upload_id")) == live
        public = set(Chapter.objects.public().values_list("pk", flat=True))
        title_is_shown = Chapter.objects.filter(series__moderation=Moderation.APPROVED).exists()
        assert public == ({pk for pk, _upload in live} if title_is_shown else set())

    @invariant()
    def every_live_page_can_be_read(self):
        storage = media_storage()
        pages = Page.objects.filter(upload__state=UploadState.LIVE)
        for name, size in pages.values_list("file__name", "bytes"):
            assert name
            assert storage.size(name) == size

    @invariant()
    def nobody_sees_pages_of_what_is_not_live(self):
        from django.contrib.auth.models import AnonymousUser

        visible = Page.objects.all().visible_to(AnonymousUser())
        assert not visible.exclude(upload__state=UploadState.LIVE).exists()

    def teardown(self):
        if not hasattr(self, "series"):
            return
        # What was approved for a hidden series waits for it.
        self.series.moderation = Moderation.APPROVED
        self.series.save(update_fields=["moderation"])
        finish_due_work()
        long_ago = Upload.objects.filter(purge_after__isnull=False)
        assert find_leftovers() == []
        # A month later: all that can still be undone is gone too.
        long_ago.update(purge_after=timezone.now())
        finish_due_work()
        assert find_leftovers() == []
        assert not Page.objects.exclude(
            upload__state__in=(UploadState.LIVE, UploadState.AWAITING_REVIEW)
        ).exists()

    def pick(self, dice: random.Random, *states: str) -> Upload:
        found = Upload.objects.filter(state__in=states) if states else Upload.objects.all()
        ids = list(found.order_by("pk").values_list("pk", flat=True))
        if not ids:
            raise Impossible
        return Upload.objects.get(pk=dice.choice(ids))


def _kill_at(patch: pytest.MonkeyPatch, at: str, *, after: int) -> None:
    """End the worker at its n-th write, read, or transaction, as SIGKILL would."""
    left = [after]

    def killing(real):
        def step(*args, **options):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*args, **options)

        return step

    folder = type(media_storage())
    if at == "row":
        patch.setattr(transaction.Atomic, "__enter__", killing(transaction.Atomic.__enter__))
    else:
        name = "_save" if at == "store" else "open"
        patch.setattr(folder, name, killing(getattr(folder, name)))


@pytest.mark.no_cover  # what it walks, quicker tests cover
@pytest.mark.django_db
def test_random_acts_leave_nothing_behind():
    class RolledBack(Library):
        """Each run in a transaction of its own, on empty storages."""

        def __init__(self):
            super().__init__()
            self.around = transaction.atomic()
            self.around.__enter__()

        def teardown(self):
            try:
                super().teardown()
            finally:
                transaction.set_rollback(True)
                self.around.__exit__(None, None, None)
                for storage in (media_storage(), quarantine_storage()):
                    delete_names(storage, list_names(storage, ""))

    acts.clear()
    run_state_machine_as_test(
        RolledBack,
        settings=hypothesis_settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert acts.total() >= 500, acts
    assert set(acts) == set(WEIGHTS)
    assert states == set(UploadState.values)
