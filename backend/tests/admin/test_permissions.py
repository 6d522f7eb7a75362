"""Every page of the admin by every member of the cast; a new page without a row fails."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, OutgoingEmail, UploaderRequest, User
from catalog.models import Category, Credit, Person, Tag, Title
from common.models import Job
from reader.models import BannedPicture, Chapter, Group, Page, Series, Upload, Volume
from safety.models import Case, MassDeletion
from sources.models import GroupBlock, SourceFollow, SourceSettings
from tests.cast import make_title, make_upload
from tracker.models import AniListAccount

pytestmark = [pytest.mark.django_db, pytest.mark.same_everywhere]

OUT, OK, NO = 302, 200, 403
# anonymous, reader, uploader, uploader made staff, moderator, admin
CAST = ("nobody", "rina", "uli", "staff_uli", "mo", "aida")
NOBODY = (OUT, OUT, OUT, NO, NO, NO)
MODERATORS = (OUT, OUT, OUT, NO, OK, OK)
ADMINS = (OUT, OUT, OUT, NO, NO, OK)
OWN = (OUT, OUT, OUT, OK, OK, OK)
# list, add, change (what it shows is another test's), delete
PAGES = {
    "reader_series": (MODERATORS, MODERATORS, MODERATORS, ADMINS),
    "reader_chapter": (OWN, NOBODY, OWN, NOBODY),
    "reader_upload": (OWN, OWN, OWN, NOBODY),
    "reader_page": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    "reader_bannedpicture": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    "reader_volume": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "reader_group": (MODERATORS, MODERATORS, MODERATORS, ADMINS),
    "catalog_title": (OWN, NOBODY, (OUT,) * 6, (*NOBODY[:5], OK)),
    "catalog_movie": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "catalog_anime": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "catalog_show": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "catalog_person": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "catalog_author": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "catalog_artist": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "catalog_category": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "catalog_tag": (MODERATORS, MODERATORS, MODERATORS, MODERATORS),
    "accounts_user": (MODERATORS, ADMINS, MODERATORS, NOBODY),
    "accounts_strike": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    "safety_case": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    "safety_member": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    "safety_massdeletion": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    # One's own; the one that is asked for is another user's.
    "common_job": (OWN, NOBODY, (OUT, OUT, OUT, OUT, OUT, OK), NOBODY),
    "accounts_uploaderrequest": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    "sources_sourcesettings": (MODERATORS, NOBODY, (OUT, OUT, OUT, NO, OUT, OUT), NOBODY),
    "sources_sourcefollow": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    "sources_groupblock": (MODERATORS, MODERATORS, MODERATORS, NOBODY),
    "accounts_auditentry": (MODERATORS, NOBODY, MODERATORS, NOBODY),
    "accounts_outgoingemail": (ADMINS, NOBODY, ADMINS, NOBODY),
    "tracker_anilistaccount": (ADMINS, NOBODY, ADMINS, NOBODY),
}
OTHER_PAGES = {
    "/admin/": (OUT, OUT, OUT, OK, OK, OK),
    "/admin/password_change/": (OUT, OUT, OUT, OK, OK, OK),
    "/admin/jsi18n/": (OUT, OUT, OUT, OK, OK, OK),
    "/admin/reader/": (OUT, OUT, OUT, OK, OK, OK),
    "/admin/reader/upload/review/": (OUT, OUT, OUT, NO, OUT, OUT),
    "/admin/reader/upload/{upload}/review/": MODERATORS,
    "/admin/safety/case/queue/": (OUT, OUT, OUT, NO, OUT, OUT),
    "/admin/safety/member/{user}/warn/": MODERATORS,
    "/admin/safety/member/{user}/strike/": MODERATORS,
    "/admin/safety/member/{user}/ban/": MODERATORS,
    "/admin/safety/member/{user}/lift/": MODERATORS,
    "/admin/safety/member/{user}/delete-uploads/": MODERATORS,
    "/admin/accounts/user/{user}/password/": ADMINS,
    "/admin/accounts/user/{user}/second-factor/": ADMINS,
    "/admin/sources/sourcesettings/of/mangadex/": MODERATORS,
    "/admin/second-factor/": (OUT, OUT, OUT, OK, OK, OK),
    "/admin/login/code/": (OUT, OUT, OUT, OUT, OUT, OUT),
}
POSTS = (
    "/admin/reader/upload/undo/{upload}/",
    "/admin/reader/upload/{upload}/approve/",
    "/admin/reader/upload/{upload}/reject/",
    "/admin/reader/upload/{upload}/pages/delete/",
    "/admin/reader/series/{series}/cover/",
    "/admin/catalog/movie/{movie}/cover/",
    "/admin/catalog/movie/{movie}/decide/",
    "/admin/catalog/movie/{movie}/screenshots/",
    "/admin/safety/case/{case}/dismiss/",
    "/admin/safety/case/{case}/acted/",
    "/admin/safety/case/{case}/take-down/",
    "/admin/safety/case/{case}/reject-title/",
    "/admin/safety/member/{user}/warn/",
    "/admin/safety/member/{user}/strike/",
    "/admin/safety/member/{user}/ban/",
    "/admin/safety/member/{user}/lift/",
    "/admin/safety/member/{user}/delete-uploads/",
    "/admin/safety/massdeletion/{deletion}/undo/",
    "/admin/common/job/{deletion}/stop/",
    "/admin/common/job/{deletion}/undo/",
    "/admin/safety/member/{user}/trust/",
    "/admin/safety/member/{user}/untrust/",
    "/admin/safety/member/{user}/show-avatar/",
    "/admin/safety/member/{user}/drop-avatar/",
    "/admin/accounts/uploaderrequest/{asked}/decide/",
    "/admin/sources/sourcesettings/of/mangadex/decide/",
    "/admin/sources/sourcefollow/{follow}/stop/",
    "/admin/sources/sourcefollow/{follow}/retry/{left_out}/",
)


@pytest.fixture
def house(uploader_uli, outsider_otto, reader_rina, moderator_mo, admin_aida):
    """One row of everything, most of it Uli's."""
    series = make_title("Vagabond")
    upload = make_upload(uploader=uploader_uli, series=series)
    film = make_title("Akira", kind="movie")
    follow = SourceFollow.objects.create(series=series, source="mangadex", external_id="1")
    who = Person.objects.create(name="Takehiko Inoue", slug="takehiko-inoue")
    for role in ("author", "artist"):
        Credit.objects.create(title=series, person=who, role=role)
    return {
        "user": outsider_otto,
        "reader_series": series,
        "reader_chapter": upload.chapter,
        "reader_upload": upload,
        "reader_page": upload.pages.first(),
        "reader_bannedpicture": BannedPicture.objects.create(
            sha256="0" * 64, perceptual_hash=1, width=1, height=1, color="#000000", reason="Gore."
        ),
        "reader_volume": Volume.objects.create(series=series, number=1),
        "reader_group": Group.objects.create(name="Tulpar", slug="tulpar"),
        "catalog_title": film,
        "catalog_movie": film,
        "catalog_anime": make_title("Akira", kind="anime"),
        "catalog_show": make_title("Akira", kind="show"),
        "catalog_person": who,
        "catalog_author": who,
        "catalog_artist": who,
        "catalog_category": Category.objects.create(slug="action"),
        "catalog_tag": Tag.objects.create(slug="swords"),
        "accounts_user": outsider_otto,
        "safety_member": outsider_otto,
        "safety_case": Case.objects.create(
            subject_type="title", subject_id=film.pk, subject_label="Akira", subject_url="/series/1"
        ),
        "safety_massdeletion": MassDeletion.objects.create(
            kind="mass_deletion",
            about=outsider_otto,
            owner=moderator_mo,
            reason="Malware.",
            undo_until=timezone.now() + timedelta(days=1),
        ),
        "common_job": Job.objects.create(kind="tests", owner=outsider_otto),
        "accounts_strike": outsider_otto.strikes.create(code="symlink", subject="upload:0"),
        "accounts_auditentry": AuditEntry.objects.create(
            action="ban", subject_type="user", subject_id=1
        ),
        "accounts_uploaderrequest": UploaderRequest.objects.create(user=reader_rina),
        "sources_sourcesettings": SourceSettings.objects.create(source="mangadex"),
        "sources_sourcefollow": follow,
        "sources_sourcechapter": follow.chapters.create(
            source="mangadex", external_id="2", language="en", state="failed"
        ),
        "sources_groupblock": GroupBlock.objects.create(
            source="mangadex", external_id="g1", reason="They asked."
        ),
        "tracker_anilistaccount": AniListAccount.objects.create(user=outsider_otto),
        "accounts_outgoingemail": OutgoingEmail.objects.create(
            kind="confirm", address="a@example.test", language="en"
        ),
    }


@pytest.fixture
def browsers(client, log_in, house):
    """A browser of each of the cast."""

    def browser(name):
        if name == "nobody":
            return client
        if name == "staff_uli":
            User.objects.filter(username="uli").update(is_staff=True)
        return log_in(User.objects.get(username=name.removeprefix("staff_")))

    return browser


@pytest.mark.no_cover  # what it walks, quicker tests cover
@pytest.mark.parametrize("who", CAST)
def test_everybody_gets_what_is_theirs(who, browsers, house):
    browser, column = browsers(who), CAST.index(who)

    wrong = []
    for name, kinds in PAGES.items():
        row = house[name].pk
        addresses = (
            reverse(f"admin:{name}_changelist"),
            reverse(f"admin:{name}_add"),
            reverse(f"admin:{name}_change", args=[row]),
            reverse(f"admin:{name}_delete", args=[row]),
        )
        for address, expected in zip(addresses, kinds, strict=True):
            status = browser.get(address).status_code
            if status != expected[column]:
                wrong.append((address, status, expected[column]))
    for address, expected in OTHER_PAGES.items():
        status = browser.get(filled(address, house)).status_code
        if status != expected[column]:
            wrong.append((address, status, expected[column]))
    assert not wrong


@pytest.mark.parametrize("who", CAST[:4])
@pytest.mark.parametrize("address", POSTS)
def test_only_moderators_decide(who, address, browsers, house):
    answer = browsers(who).post(filled(address, house), {"reason": "x", "page": "1"})

    assert answer.status_code == (NO if who == "staff_uli" else OUT)
    upload = house["reader_upload"]
    upload.refresh_from_db()
    assert (upload.state, upload.pages.count()) == ("awaiting_review", 3)
    assert not AuditEntry.objects.exclude(pk=house["accounts_auditentry"].pk).exists()


@pytest.mark.parametrize("action", ["approve", "reject", "take_down", "restore", "delete_live"])
def test_an_uploader_has_no_batch_actions(action, browsers, house):
    upload = house["reader_upload"]

    browsers("staff_uli").post(
        "/admin/reader/upload/",
        {"action": action, "_selected_action": upload.pk, "confirmed": "yes", "reason": "x"},
    )

    upload.refresh_from_db()
    assert upload.state == "awaiting_review"


def test_an_uploader_sees_only_their_own(browsers, house, outsider_otto):
    theirs = make_upload(uploader=outsider_otto)
    browser = browsers("staff_uli")

    uploads = browser.get("/admin/reader/upload/").context["cl"].queryset
    chapters = browser.get("/admin/reader/chapter/").context["cl"].queryset
    strange = browser.get(f"/admin/reader/upload/{theirs.pk}/change/")

    assert list(uploads) == [house["reader_upload"]]
    assert list(chapters) == [house["reader_chapter"]]
    assert strange.status_code == OUT  # Django sends those who may not know of a row to the index


def test_every_registered_page_is_in_the_matrix():
    registered = {
        f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry
    }

    assert registered == set(PAGES)
    assert {Chapter, Page, Series, Title, Upload} <= set(admin.site._registry)


def filled(address: str, house) -> str:
    return address.format(
        upload=house["reader_upload"].pk, user=house["user"].pk, series=house["reader_series"].pk,
        case=house["safety_case"].pk, deletion=house["safety_massdeletion"].pk,
        asked=house["accounts_uploaderrequest"].pk, movie=house["catalog_movie"].pk,
        follow=house["sources_sourcefollow"].pk, left_out=house["sources_sourcechapter"].pk,
    )  # fmt: skip
