"""What is left here of somebody who leaves, and what they get of it."""

from functools import partial

import pytest

from accounts.emails import KINDS
from accounts.models import AuditEntry, OutgoingEmail
from accounts.profile.account_deletion import delete_account
from common.personal_data import participants
from reader.models import Upload
from safety.mass_deletion import delete_all_uploads
from safety.models import Case, CaseState, MassDeletion, ModeratorWarning, Reason, Report
from safety.reports import decide_case, report_content
from safety.warnings import warn_user
from tests.cast import PASSWORD, client_of, make_title, make_upload_row, make_user

pytestmark = pytest.mark.django_db


def test_who_leaves_takes_their_name_off_what_stays(uploader_uli, reader_rina, moderator_mo):
    make_upload_row(uploader=uploader_uli, series=make_title())
    theirs = report_content("user", reader_rina.pk, reporter=uploader_uli, reason=Reason.SPAM)[0]
    about = report_content("user", uploader_uli.pk, reporter=reader_rina, reason=Reason.SPAM)[
        0
    ].case
    decide_case(about, moderator=moderator_mo, outcome=CaseState.ACTED)
    warn_user(uploader_uli, moderator=moderator_mo, text="Be kind.")
    delete_all_uploads(uploader_uli, moderator=moderator_mo, reason="Malware.")

    delete_account(uploader_uli, password=PASSWORD)

    theirs.refresh_from_db()
    about.refresh_from_db()
    assert (theirs.reporter, Report.objects.count()) == (None, 2)
    assert (about.accused, about.subject_label, about.subject_url) == (None, "", "")
    assert not ModeratorWarning.objects.exists()
    assert MassDeletion.objects.get().about is None
    assert not AuditEntry.objects.filter(subject_label__contains="uli").exists()


def test_a_moderator_who_leaves_leaves_their_decisions(uploader_uli, reader_rina, moderator_mo):
    case = report_content("user", uploader_uli.pk, reporter=reader_rina, reason=Reason.SPAM)[0].case
    decide_case(case, moderator=moderator_mo, outcome=CaseState.ACTED)
    warn_user(uploader_uli, moderator=moderator_mo, text="Be kind.")

    delete_account(moderator_mo, password=PASSWORD)

    case.refresh_from_db()
    assert (case.state, case.decided_by, ModeratorWarning.objects.get().moderator) == (
        "acted",
        None,
        None,
    )


def test_the_export_holds_ones_own_and_nobody_elses(uploader_uli, reader_rina, moderator_mo):
    report_content("user", uploader_uli.pk, reporter=reader_rina, reason=Reason.SPAM, text="Ads.")
    warn_user(uploader_uli, moderator=moderator_mo, text="Be kind.")
    files = {
        file.name: file.rows
        for name in ("reports", "warnings")
        for file in participants()[name].files
    }

    of_rina = [dict(row) for row in files["reports.json"](reader_rina.pk)]
    of_uli = [dict(row) for row in files["warnings.json"](uploader_uli.pk)]

    assert [row["text"] for row in of_rina] == ["Ads."]
    assert [row["text"] for row in of_uli] == ["Be kind."]
    assert list(files["reports.json"](uploader_uli.pk)) == []
    assert "rina" not in str(of_uli)


def test_a_deleted_persons_case_can_still_be_listed(uploader_uli, reader_rina):
    report_content("user", uploader_uli.pk, reporter=reader_rina, reason=Reason.SPAM)
    delete_account(uploader_uli, password=PASSWORD)

    [row] = client_of(reader_rina).get("/api/reports").json()["results"]

    case = Case.objects.get()
    assert (case.accused, case.subject_label) == (None, "")
    assert row["subject"]["label"] == "somebody who left"


def test_who_reported_somebody_who_left_reads_so_in_their_language(
    uploader_uli, reader_rina, moderator_mo
):
    case = report_content("user", uploader_uli.pk, reporter=reader_rina, reason=Reason.SPAM)[0].case
    delete_account(uploader_uli, password=PASSWORD)
    case.refresh_from_db()
    decide_case(case, moderator=moderator_mo, outcome=CaseState.ACTED)

    text = KINDS["report_decided"].write(OutgoingEmail.objects.get(kind="report_decided"))

    assert "You reported “somebody who left”." in text.body


def test_two_open_cases_of_one_thing_do_not_keep_anybody_from_leaving(
    uploader_uli, outsider_otto, reader_rina
):
    """One of nobody's upload, one of Uli's in its place: two they stay as Uli becomes nobody."""
    upload = make_upload_row(uploader=outsider_otto, series=make_title())
    report = partial(report_content, "chapter", upload.chapter_id, reason=Reason.SPAM)
    delete_account(outsider_otto, password=PASSWORD)
    report(reporter=reader_rina)
    Upload.objects.update(uploader=uploader_uli)
    report(reporter=make_user("nurlan"))

    delete_account(uploader_uli, password=PASSWORD)
    joined = report(reporter=make_user("asel"))[0].case

    cases = Case.objects.order_by("pk")
    assert not any(case.accused for case in cases)
    assert [case.report_count for case in cases] == [2, 1]
    assert joined == cases[0]
