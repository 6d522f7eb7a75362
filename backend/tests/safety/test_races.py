"""Two who report, decide, delete or undo at the same moment, on real transactions."""

from collections import Counter
from functools import partial

import pytest

from accounts.models import OutgoingEmail
from common.http.errors import AlreadyDecided
from reader.intake.extraction import extract_upload
from reader.models import Upload
from reader.publication.publishing import publish_upload
from safety.mass_deletion import delete_all_uploads, undo_mass_deletion
from safety.models import Case, CaseState, MassDeletion, Reason, Report
from safety.reports import decide_case, report_content
from tests.at_once import run_at_once
from tests.cast import make_title, make_upload, make_upload_row, make_user
from tests.leftovers import find_leftovers, finish_due_work

pytestmark = pytest.mark.django_db(transaction=True)


def report(title, who, reason=Reason.SPAM):
    return report_content("title", title.pk, reporter=who, reason=reason)


def test_many_who_report_at_once_share_one_case():
    title = make_title()
    people = [make_user(f"reader{number}") for number in range(4)]

    answers = run_at_once(*(partial(report, title, who) for who in (*people, people[0])))

    assert all(isinstance(answer, tuple) for answer in answers), answers
    assert (Case.objects.get().report_count, Report.objects.count()) == (4, 4)
    assert Counter(is_new for _report, is_new in answers) == {True: 4, False: 1}


def test_many_who_report_an_upload_at_once_share_one_case(uploader_uli):
    chapter = make_upload_row(uploader=uploader_uli, series=make_title()).chapter_id
    people = [make_user(f"reader{number}") for number in range(4)]

    run_at_once(
        *(
            partial(report_content, "chapter", chapter, reporter=who, reason=Reason.SPAM)
            for who in people
        )
    )

    case = Case.objects.get()
    assert (case.accused, case.report_count) == (uploader_uli, 4)


def test_of_two_decisions_at_once_one_wins_and_is_told_once(moderator_mo, moderator_max):
    case = report(make_title(), make_user("rina"))[0].case

    answers = run_at_once(
        lambda: decide_case(Case.objects.get(), moderator=moderator_mo, outcome=CaseState.ACTED),
        lambda: decide_case(Case.objects.get(), moderator=moderator_max, outcome=CaseState.ACTED),
    )

    assert [type(answer) for answer in answers if answer] == [AlreadyDecided]
    case.refresh_from_db()
    assert (case.state, OutgoingEmail.objects.count()) == ("acted", 1)


def test_a_report_while_it_is_decided_is_in_this_case_or_in_the_next(moderator_mo):
    title = make_title()
    first = report(title, make_user("rina"))[0].case
    late = make_user("otto")

    run_at_once(
        lambda: decide_case(first, moderator=moderator_mo, outcome=CaseState.DISMISSED),
        lambda: report(title, late),
    )

    theirs = Report.objects.select_related("case").get(reporter=late).case
    told = OutgoingEmail.objects.filter(user=late).exists()
    assert (theirs.pk == first.pk) == told
    assert Case.objects.filter(state="open").count() == (0 if told else 1)


def test_everything_of_a_person_is_deleted_once(uploader_uli, moderator_mo, moderator_max):
    series = make_title()
    for state in ("live", "awaiting_review"):
        make_upload(uploader=uploader_uli, series=series, state=state)
    delete = partial(delete_all_uploads, uploader_uli, reason="Malware.")

    answers = run_at_once(
        lambda: delete(moderator=moderator_mo), lambda: delete(moderator=moderator_max)
    )

    assert Counter(type(answer) for answer in answers) == {MassDeletion: 1, AlreadyDecided: 1}
    deletion = MassDeletion.objects.get()
    answers = run_at_once(
        *[lambda: undo_mass_deletion(MassDeletion.objects.get(), moderator=moderator_mo)] * 2
    )
    assert Counter(type(answer) for answer in answers) == {type(None): 1, AlreadyDecided: 1}
    deletion.refresh_from_db()
    assert deletion.restored_count == 2
    finish_due_work()
    assert find_leftovers() == []


def test_a_deletion_while_workers_extract_and_publish_leaves_nothing_public(
    uploader_uli, moderator_mo
):
    series = make_title()
    live, publishing, received = (
        make_upload(uploader=uploader_uli, series=series, state=state)
        for state in ("live", "publishing", "received")
    )

    answers = run_at_once(
        lambda: delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware."),
        lambda: publish_upload.work(publishing.pk),
        lambda: extract_upload.work(received.pk),
    )

    assert isinstance(answers[0], MassDeletion), answers
    assert set(Upload.objects.values_list("state", flat=True)) == {"deleted"}
    series.refresh_from_db()
    assert series.chapter_count == 0
    finish_due_work()
    undo_mass_deletion(answers[0], moderator=moderator_mo)
    finish_due_work()
    live.refresh_from_db()
    assert live.state == "live"
    assert find_leftovers() == []
