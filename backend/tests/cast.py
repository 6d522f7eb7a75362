"""The users of the tests, and builders of titles, uploads and other rows."""

import itertools
import re
import secrets
import time
from decimal import Decimal
from typing import Any

import pyotp
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.auth.sealing import seal
from accounts.auth.sessions import open_session
from accounts.models import User
from accounts.profile.avatar_uploads import prepare_avatar, submit_avatar
from accounts.roles.groups import ADMIN, MODERATOR, READER, UPLOADER, grant_role
from catalog.choices import Kind, Moderation
from catalog.models import Title
from catalog.search_index import reindex_title
from common.models import MediaFile
from reader.intake.extraction import extract_upload
from reader.intake.uploads import Submission, submit_upload
from reader.models import Chapter, Page, Upload
from reader.publication.moderation import approve_upload
from reader.publication.publishing import publish_upload
from reader.reading.chapters import refresh_counters
from reader.states import UploadState
from tests.reader.archive_builders import make_chapter_zip, page_bytes

PASSWORD = "felt-rug-shyrdak"
_numbers = itertools.count(1)


def make_user(username: str, role: str = READER, *, confirmed: bool = True) -> User:
    """Make a user with a role and a confirmed address."""
    user = User.objects.create_user(username, f"{username}@example.test", PASSWORD)
    grant_role(user, role)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=confirmed)
    return user


def give_avatar(user: User, picture: "File[bytes] | None" = None) -> None:
    """Let a user send an avatar, and prepare it as a worker does."""
    sent = submit_avatar(user, picture or ContentFile(page_bytes("png"), name="me.png"))
    prepare_avatar.run(sent.pk)
    user.refresh_from_db(fields=["avatar", "avatar_draft"])


def give_second_factor(user: User) -> str:
    """Give a user an authenticator app; return its secret, for `totp_code`."""
    secret, seed = pyotp.random_base32(), secrets.token_hex(40)
    rows = {
        Authenticator.Type.TOTP: {"secret": seal(secret, purpose="second factor")},
        Authenticator.Type.RECOVERY_CODES: {
            "seed": seal(seed, purpose="second factor"), "used_mask": 0,
        },
    }  # fmt: skip
    for kind, data in rows.items():
        Authenticator.objects.create(user=user, type=kind, data=data)
    return secret


def totp_code(secret: str, *, steps: int = 0) -> str:
    """Return the code that the app shows now, or `steps` half minutes from now."""
    return pyotp.HOTP(secret).at(int(time.time()) // 30 + steps)


def client_of(user: User | None) -> APIClient:
    """Return an API client, logged in as `user`."""
    client = APIClient()
    if user is not None:
        token = open_session(user).access_token
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def shown(answer: Any) -> str:
    """Return a page without its tokens, in which a name may occur by chance."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def post_zip(user: User | None, series: Title, archive: bytes, **form: Any) -> Any:
    """Send a zip as the web app does; one-shot unless `number` is given."""
    file = SimpleUploadedFile(form.pop("filename", "chapter.zip"), archive, "application/zip")
    return client_of(user).post(f"/api/series/{series.path_slug}/chapters", {"file": file, **form})


def make_title(name: str = "Naruto", *, kind: str = Kind.MANGA, **columns: Any) -> Title:
    """Make a title, approved unless `moderation` says otherwise."""
    columns.setdefault("moderation", Moderation.APPROVED)
    columns.setdefault("approved_at", timezone.now())
    title = Title.objects.create(name=name, kind=kind, **columns)
    if not title.slug and title.moderation == Moderation.APPROVED:
        title.slug = f"title-{title.pk}"
        title.save(update_fields=["slug"])
    reindex_title(title.pk)
    return title


def make_upload(
    *,
    uploader: User,
    series: Title | None = None,
    state: str = UploadState.AWAITING_REVIEW,
    number: Decimal | str | None = "next",
    language: str = "en",
    group: str = "",
    archive: bytes | None = None,
    moderator: User | None = None,
) -> Upload:
    """Walk a real zip to `state`: received, awaiting_review, publishing or live."""
    if archive is None:
        archive = make_chapter_zip(pages=3, seed=next(_numbers))
    upload = submit_upload(
        series or make_title(),
        uploader=uploader,
        archive=ContentFile(archive, name="chapter.zip"),
        submission=Submission(
            number=Decimal(next(_numbers)) if isinstance(number, str) else number,
            language=language,
            group=group,
        ),
    )
    if state == UploadState.RECEIVED:
        return upload
    extract_upload.run(upload.pk)
    if state in (UploadState.PUBLISHING, UploadState.LIVE):
        approve_upload(upload, moderator=moderator or make_user(f"mo{next(_numbers)}", MODERATOR))
    if state == UploadState.LIVE:
        publish_upload.run(upload.pk)
    upload.refresh_from_db()
    assert upload.state == state, (upload.state, upload.error_code)
    return upload


def make_upload_row(
    *,
    uploader: User,
    series: Title,
    state: str = UploadState.LIVE,
    pages: int = 2,
    **columns: Any,
) -> Upload:
    """Make the rows of an upload without its files, for tests that only read rows."""
    place = {name: columns.pop(name, None) for name in ("group", "publish_at", "volume")}
    chapter = Chapter.objects.create(
        series=series,
        number=columns.pop("number", next(_numbers)),
        language=columns.pop("language", "en"),
        published_at=timezone.now() if state == UploadState.LIVE else None,
        page_count=pages,
        **place,
    )
    upload = Upload.objects.create(
        chapter=chapter, uploader=uploader, state=state, filename="chapter.zip",
        archive_bytes=1000, archive_sha256=f"{next(_numbers):064x}", page_count=pages, **columns,
    )  # fmt: skip
    for number in range(1, pages + 1):
        digest = f"{next(_numbers):064x}"
        file = None
        if state == UploadState.LIVE:
            file = MediaFile.objects.create(
                name=f"{digest[:2]}/{digest}.jpg", content_type="image/jpeg", bytes=10,
                unreferenced_since=None,
            )  # fmt: skip
        Page.objects.create(
            upload=upload, number=number, name=f"{number:03}.jpg", content_type="image/jpeg",
            width=120, height=170, bytes=10, sha256=digest, perceptual_hash=number,
            color="#112233", file=file,
        )  # fmt: skip
    if state == UploadState.LIVE:
        chapter.live_upload = upload
        chapter.save(update_fields=["live_upload"])
        refresh_counters(series.pk)
    return upload


@pytest.fixture
def reader_rina(db: None) -> User:
    return make_user("rina", READER)


@pytest.fixture
def uploader_uli(db: None) -> User:
    return make_user("uli", UPLOADER)


@pytest.fixture
def outsider_otto(db: None) -> User:
    """Another uploader than Uli."""
    return make_user("otto", UPLOADER)


@pytest.fixture
def moderator_mo(db: None) -> User:
    return make_user("mo", MODERATOR)


@pytest.fixture
def moderator_max(db: None) -> User:
    return make_user("max", MODERATOR)


@pytest.fixture
def admin_aida(db: None) -> User:
    return make_user("aida", ADMIN)
