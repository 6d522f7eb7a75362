"""Everything that the schema allows is asked for, as everybody.

No 5xx, no answer outside the schema, and nothing of another person's private things in any answer.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from allauth.account.models import EmailAddress
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.auth.api_keys import make_key
from accounts.auth.second_factor import begin_second_factor
from accounts.auth.sessions import open_session
from accounts.emails import KINDS
from accounts.models import OutgoingEmail, User, Visibility
from accounts.scopes import SCOPES
from catalog.choices import Moderation
from catalog.models import Alias, Category, Credit, OldSlug, Person, Tag
from catalog.trailers import read_trailer
from mangakg.wsgi import application
from reader.models import BannedPicture, Group, Volume
from tests.api.test_access_matrix import MATRIX, body_for, take_chapters
from tests.cast import (
    PASSWORD,
    client_of,
    make_title,
    make_upload_row,
    make_user,
    totp_code,
)
from tests.personal_data import (
    EXPORT,
    PLACES,
    STAFF_SEES,
    STOP_JOB,
    Belongings,
    give_personal_data,
    leaks,
    text_of,
)
from tracker.library.lists import make_list, put_entry
from tracker.models import LibraryList

BACKEND = Path(__file__).resolve().parent.parent.parent
COMMITTED = BACKEND / "schema.yml"
EXAMPLES = 6
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
KEY = "key"
# Role -> the person and their role on the platform; KEY asks with a key of all scopes.
ROLES = {
    "reader": ("rina", "reader"),
    "uploader": ("uli", "uploader"),
    "trusted": ("toktogul", "trusted"),
    "moderator": ("mo", "moderator"),
    "admin": ("aida", "admin"),
    "unconfirmed": ("nina", "uploader"),
    KEY: ("kanat", "uploader"),
}
VICTIMS = {"vika": Visibility.PRIVATE, "meerim": Visibility.MEMBERS}
OWN = "own"
# What the access matrix has nobody do, and somebody here can: the emails' keys are at hand, and
# one has a second factor.
ALSO = {
    ("POST", "/api/auth/email/confirm"): {"nobody", *ROLES},
    ("POST", "/api/auth/password/reset/confirm"): {"nobody", *ROLES},
    ("POST", "/api/auth/second-factor/confirm"): {*ROLES} - {"trusted", KEY},
    ("POST", "/api/auth/second-factor/recovery-codes"): {"trusted"},
    ("DELETE", "/api/auth/second-factor"): {"trusted"},
}  # fmt: skip
# And what is over for who has one.
NOT_HERE = {
    ("POST", "/api/auth/second-factor", "trusted"),
    # The key's owner has proposed no title.
    *(("GET", f"/api/{folder}/{{id_or_slug}}", KEY) for folder in ("movies", "anime", "shows")),
    # Which title is meant stands in its parameters.
    *(("GET", "/api/sources/max", role) for role in ("nobody", *ROLES)),
}
# The views of /api/movies, once more: nothing is generated for them.
SAME_AS_MOVIES = ("/api/anime", "/api/shows")


@dataclass
class Asker:
    """Somebody who asks, with what is theirs and the words that only they know."""

    role: str
    authorization: str = ""
    own: Belongings | None = None
    words: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    @property
    def user(self) -> User | None:
        return self.own.user if self.own else None

    def known_to(self, method: str, path: str) -> dict[str, Any]:
        """Return the words that are taken there now: a code is good for a minute and a half."""
        words = self.words.get((method.upper(), path), {})
        return {name: word() if callable(word) else word for name, word in words.items()}


@dataclass
class Library:
    askers: list[Asker]
    victims: list[Belongings]
    words: list[str]
    slugs: list[str]
    house: dict[str, int]
    proposed: dict[str, int]

    @property
    def people(self) -> list[Belongings]:
        return [*self.victims, *(asker.own for asker in self.askers if asker.own)]


@pytest.fixture(autouse=True)
def _one_connection():
    """Requests run inside the test's transaction: none of them may close its connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def library(settings, db, monkeypatch) -> Library:
    """One of everything, with every optional column set once."""
    # Asking everything may take longer than a token or an enrolment lives.
    settings.ACCESS_TOKEN_SECONDS = 86_400
    monkeypatch.setattr("accounts.auth.second_factor.ENROLMENT_SECONDS", 86_400)
    settings.THROTTLES = {**settings.THROTTLES, "report": None}  # an hour's worth is soon asked
    # No worker answers here: nothing that is asked of a source is worth waiting for.
    monkeypatch.setattr("sources.answers.asking._watch", lambda _keys, _until: None)
    house = make_user("otto", "uploader")
    series = make_title(
        "Naruto", anilist_id=1, mal_id=2, mangadex_id="f7d61cd2-7a4c-4b0e-8f4c-1f0f1d8f2d11",
        synopsis={"en": "A ninja."}, year=1999, length=700, duration_minutes=20,
    )  # fmt: skip
    series.categories.add(Category.objects.create(slug="action", name={"en": "Action"}))
    series.tags.add(Tag.objects.create(slug="ninja", name={"ky": "Ниндзя"}))
    Credit.objects.create(
        title=series, person=Person.objects.create(name="Kishi", slug="kishi"), role="author"
    )
    Alias.objects.create(subject=series, name="ナルト", language="ja")
    OldSlug.objects.create(title=series, slug="once")
    group = Group.objects.create(name="Steppe", slug="steppe")
    volume = Volume.objects.create(series=series, number=1, title="The leaf")
    live, *_others = (
        make_upload_row(uploader=house, series=series, group=group, volume=volume, number=number)
        for number in (1, 2, None)
    )
    failed = make_upload_row(
        uploader=house, series=series, state="failed", pages=0, error_code="bad_numbering",
        error_params={"problem": "missing_page", "page": 2}, decided_at=timezone.now(),
    )  # fmt: skip
    BannedPicture.objects.create(
        sha256="b" * 64, perceptual_hash=7, width=1, height=1, color="#000000", reason="Spam.",
        upload=live, page_number=1, added_by=house,
    )  # fmt: skip
    read = live.chapter
    victims = []
    for name, visibility in VICTIMS.items():
        victim = make_user(name, "uploader")
        victims.append(give_personal_data(victim, read=read, has_second_factor=True))
        User.objects.filter(pk=victim.pk).update(visibility=visibility)
        victim.visibility = visibility
    askers = [Asker("nobody", words=_words_of("nobody", None))]
    for role, (name, platform_role) in ROLES.items():
        user = make_user(name, platform_role, confirmed=role != "unconfirmed")
        own = give_personal_data(user, read=read, has_second_factor=role == "trusted")
        askers.append(Asker(role, _authorization(user, role), own, _words_of(role, own)))
    words = [series.slug, str(series.pk), "once", "nothing", *(v.title_word for v in victims)]
    ids = {
        "/api/chapters/": live.chapter_id, "/api/uploads/": failed.pk, "title_id": series.pk,
        **take_chapters(series),
    }  # fmt: skip
    shared = make_list(house, name="Shared", is_public=True)
    put_entry(house, shared.pk, title_id=series.pk)
    slugs = [shared.slug, *LibraryList.objects.exclude(user=house).values_list("slug", flat=True)]
    uploader = User.objects.get(username=ROLES["uploader"][0])
    proposed = {
        f"/api/{folder}/": make_title(
            folder, kind=kind, moderation=Moderation.PENDING, created_by=uploader,
            approved_at=None, trailers=[read_trailer("youtu.be/abcdefghijk")._asdict()],
        ).pk
        for folder, kind in (("movies", "movie"), ("anime", "anime"), ("shows", "show"))
    }  # fmt: skip
    return Library(askers, victims, words, slugs, ids, proposed)


def answers_closed(environ: Any, start_response: Any) -> list[bytes]:
    """Close answers as a server does, so that what came with a request goes with it."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


def _authorization(user: User, role: str) -> str:
    if role != KEY:
        return f"Bearer {open_session(user).access_token}"
    _key, text = make_key(user, name="All", scopes=SCOPES, expires_in_days=None, password=PASSWORD)
    user.key_scopes = SCOPES  # what they are shown by it is no moderator's
    return f"Bearer {text}"


def _words_of(role: str, own: Belongings | None) -> dict[tuple[str, str], dict[str, Any]]:
    """Return bodies that are taken, by method and path."""
    name = own.user.username if own else "bermet"
    user = own.user if own else make_user(name)
    refresh_token = open_session(user).refresh_token
    bodies = {
        (method, path): body_for(method, route, name, refresh_token)
        for method, route, _asked in MATRIX
        if (path := _path_of(route))
    }
    for body in bodies.values():
        if "file" in body:
            body["file"] = body["file"].read()
    asker = make_user(f"{role}-new", confirmed=False)  # whose emails have come
    address = EmailAddress.objects.get(user=asker)
    confirm = OutgoingEmail(kind="confirm", address=address.email, user=asker, language="en",
                     params={"address": address.pk})  # fmt: skip
    bodies["POST", "/api/auth/email/confirm"]["key"] = _key_in(confirm)
    reader = make_user(f"{role}-reset")
    reset = OutgoingEmail(kind="reset", address=reader.email, language="en")
    bodies["POST", "/api/auth/password/reset/confirm"]["key"] = _key_in(reset)
    if own and own.totp_secret:
        code = partial(totp_code, own.totp_secret)
        for method, path in (
            ("POST", "/api/auth/token"), ("DELETE", "/api/auth/second-factor"),
            ("POST", "/api/auth/second-factor/recovery-codes"),
        ):  # fmt: skip
            bodies[method, path]["code"] = code
    elif own:
        enrolment = begin_second_factor(own.user)
        bodies["POST", "/api/auth/second-factor/confirm"] = {
            "enrolment": enrolment.sealed, "code": partial(totp_code, enrolment.secret),
        }  # fmt: skip
    return bodies


def _key_in(email: OutgoingEmail) -> str:
    text = KINDS[email.kind].write(email)
    assert text is not None
    return text.link.partition("#")[2]


def _path_of(route: str) -> str:
    """Return a route of the access matrix as the schema has it."""
    return "/api/" + route.replace("{word}", "{id_or_slug}").replace("{name}", "{username}")


def places(path: str, library: Library) -> st.SearchStrategy[dict[str, Any] | str | None]:
    """Return what the path's words may be: mostly what is there, sometimes as generated (None)."""
    start, brace, _rest = path.partition("{")
    if not brace:
        return st.none()
    also = {"id": 1} if path.endswith("/{id}") else {}
    if "/sources/{id}" in path or "{source}" in path:
        return st.sampled_from([OWN, None])
    if "{id_or_slug}" in path:
        there: list[Any] = [{"id_or_slug": word, **also} for word in library.words]
    elif "{slug}" in path:
        there = [{"slug": slug} for slug in library.slugs]
    elif "{username}" in path:
        there = [{"username": name} for name in (*VICTIMS, "Rina", "nobody")]
    else:
        ids = [victim.ids[start] for victim in library.victims if start in victim.ids]
        there = [{"id": pk} for pk in (*ids, *filter(None, [library.house.get(start)]))]
    if "{title_id}" in path:
        there = [{**place, "title_id": library.house["title_id"]} for place in there]
    return st.sampled_from([OWN, *there, None])


def own_place(path: str, asker: Asker, library: Library) -> dict[str, Any]:
    """Return what the path's words are for what is the asker's own."""
    start, brace, _rest = path.partition("{")
    if not brace:
        return {}
    if path.endswith(("/screenshots", "/screenshots/{id}")):
        return {"id_or_slug": library.proposed["/api/movies/"], "id": 1}
    if "/sources/{id}" in path:
        left_out = {"chapter": library.house["left_out"]} if "{chapter}" in path else {}
        return {"id_or_slug": library.words[0], "id": library.house["follow"], **left_out}
    if "{source}" in path:
        return {"source": "anilist"}
    if "{id_or_slug}" in path:
        return {"id_or_slug": library.proposed.get(start, library.words[0])}
    if "{username}" in path:
        return {"username": asker.user.username if asker.user else "Rina"}
    if "{slug}" in path:
        return {"slug": library.slugs[0]}
    found = asker.own.ids if asker.own else library.house
    place = {"id": found.get(path if path == STOP_JOB else start, 1)}
    return place | ({"title_id": library.house["title_id"]} if "{title_id}" in path else {})


class Walk:
    """Asks, checks each answer, and remembers what went well."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.problems: set[str] = set()
        self.taken: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.asked = 0

    def ask(self, asker: Asker, case: Any, **body: Any) -> None:
        """Send a case as somebody; what it changes is undone."""
        headers = {"Accept-Encoding": "identity"}  # packed bodies have a test of their own
        if asker.authorization:
            headers["Authorization"] = asker.authorization
        where = (case.method.upper(), case.path)
        point = transaction.savepoint()
        try:
            answer = case.call(headers=headers, **body)
        finally:
            transaction.savepoint_rollback(point)
        self.asked += 1
        if answer.status_code < 300:
            self.taken[asker.role].add(where)
        try:
            case.validate_response(answer, checks=CHECKS)
        except (Failure, FailureGroup) as error:
            found = error.exceptions if isinstance(error, FailureGroup) else [error]
            self.problems |= {f"{asker.role}: {where}: {one}" for one in found}
        shown = leaks(
            text_of(answer.content, answer.headers),
            path=case.path, reader=asker.user, people=self.library.people,
        )  # fmt: skip
        self.problems |= {f"{asker.role}: {where} shows {what}" for what in shown}

    def ask_generated(self, operation: Any, mode: GenerationMode) -> None:
        """Ask as everybody what is generated; half of the time with the words that they know."""

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(
            case=operation.as_strategy(generation_mode=mode),
            place=places(operation.path, self.library),
            knows_words=st.booleans(),
        )
        def ask(case: Any, place: Any, knows_words: bool) -> None:
            body, path_parameters = case.body, case.path_parameters
            for asker in self.library.askers:
                case.path_parameters = (
                    own_place(case.path, asker, self.library)
                    if place == OWN
                    else place or path_parameters
                )
                known = asker.known_to(case.method, case.path)
                if knows_words and isinstance(body, dict):
                    case.body = {name: known.get(name, value) for name, value in body.items()}
                self.ask(asker, case)

        try:
            ask()
        except Unsatisfiable:  # nothing can be wrong with a request that takes nothing
            assert mode is GenerationMode.NEGATIVE

    def ask_properly(self, operation: Any) -> None:
        """Ask as everybody with words that are taken, for what is one's own."""
        for asker in self.library.askers:
            known = asker.known_to(operation.method, operation.path)
            case = operation.Case(path_parameters=own_place(operation.path, asker, self.library))
            if "file" in known:
                case.media_type, case.body = "multipart/form-data", known
                self.ask(asker, case)
            else:  # also where the schema has no words for a body: with DELETE
                self.ask(asker, case, **({"json": known} if known else {}))


def with_exact_answers(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with nothing in an answer but what it names: what slips in is a leak."""
    shapes = document["components"]["schemas"]
    waiting: list[Any] = [
        operation["responses"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    seen = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                waiting.append(shapes[name])
            if part.get("type") == "object" and "properties" in part:
                part.setdefault("additionalProperties", False)
    assert {"MeShape", "ProfileShape"} <= seen
    return document


def expected() -> dict[str, set[tuple[str, str]]]:
    """Return what each role can do, as the access matrix says."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for (method, route, _asked), row in MATRIX.items():
        path = _path_of(route)
        for role in ("nobody", *ROLES):
            statuses = [row[name] for name in row if name == role or name.startswith(f"{role}_")]
            also = role in ALSO.get((method, path), ())
            if (also or min(statuses) < 300) and (method, path, role) not in NOT_HERE:
                found[role].add((method, path))
    return found


@pytest.mark.no_cover  # what it walks, quicker tests cover
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_in_the_schema_and_for_who_asked(mode, library):
    schema = openapi.from_dict(with_exact_answers(yaml.safe_load(COMMITTED.read_text())))
    schema.app = answers_closed
    walk = Walk(library)
    operations = [found.ok() for found in schema.get_all_operations()]

    for operation in operations:
        if not operation.path.startswith(SAME_AS_MOVIES):
            walk.ask_generated(operation, mode)
        walk.ask_properly(operation)

    assert "\n\n".join(sorted(walk.problems)) == ""
    # Nobody was locked or logged out on the way: what one can do, one has done.
    told = {(operation.method.upper(), operation.path) for operation in operations}
    missing = {
        role: sorted(wanted)
        for role, can in expected().items()
        if (wanted := (can & told) - walk.taken[role])
    }
    assert missing == {}
    assert walk.asked > len(operations) * len(library.askers) * 2


def test_what_is_private_is_found_where_its_owner_is_shown_it(library):
    for theirs in library.victims:
        client = client_of(theirs.user)
        name = theirs.user.username
        ids = {"chapter": theirs.ids["/api/chapters/"], "upload": theirs.ids["/api/uploads/"]}

        for place, path in PLACES.items():
            if not path:
                shown = theirs.words[place]
            elif path == EXPORT:
                answer = client.post(path, {"password": PASSWORD})
                shown = text_of(answer.getvalue(), answer.headers)
            else:
                answer = client.get(path.format(**ids))
                shown = text_of(answer.content, answer.headers)

            found = {
                asker.role: (name, place) in found_by(asker.user, shown, path, library)
                for asker in library.askers
            }
            assert set(found.values()) == {True} or place in STAFF_SEES, place
            assert found["nobody"], place
            assert found["reader"], place
            assert found["key"], place
            is_hidden_from_owner = (name, place) in found_by(theirs.user, shown, path, library)
            assert is_hidden_from_owner == (path == "")


def found_by(reader: User | None, shown: str, path: str, library: Library) -> list[Any]:
    return leaks(shown, path=path, reader=reader, people=library.people)


def test_moderators_are_shown_what_they_judge_and_no_more(library):
    vika, meerim = library.victims
    reader, moderator = (a.user for a in library.askers if a.role in ("reader", "moderator"))
    bio, filename = meerim.words["bio"], vika.words["upload_filename"]

    assert not found_by(moderator, filename, "/api/uploads/{id}", library)
    assert not found_by(moderator, vika.words["bio"], "/api/users/{username}", library)
    assert found_by(moderator, vika.words["bio"], "/api/titles", library)
    assert found_by(moderator, vika.words["email"], "/api/users/{username}", library)
    assert found_by(reader, filename, "/api/uploads/{id}", library)
    assert found_by(reader, vika.words["bio"], "/api/users/{username}", library)
    assert not found_by(reader, bio, "/api/users/{username}", library)
    assert found_by(None, bio, "/api/users/{username}", library)
