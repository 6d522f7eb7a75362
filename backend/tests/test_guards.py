"""Tests of what is easily forgotten: migrations, registers, lists of codes and variables."""

import ast
import gzip
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection
from django.test import Client
from django.urls import path

import mangakg.body_limits
import mangakg.urls  # noqa: F401 (it imports every view and middleware, and so every error)
from accounts.audit_words import ACTIONS
from common.http.errors import AppError
from common.work.events import CONSUMERS
from mangakg.environment import Environment
from mangakg.error_reports import start_error_reports
from reader.intake.archives import REJECT_CODES
from reader.intake.rejections import BANNED_IMAGE, GAVE_UP
from tracker.anilist.client import AniListLists
from tracker.anilist.tokens import open_token, seal_token
from tracker.models import AniListAccount

BACKEND = Path(__file__).resolve().parent.parent
APPS = (
    "accounts",
    "catalog",
    "common",
    "demo",
    "mangakg",
    "reader",
    "safety",
    "sources",
    "tracker",
)


def sources() -> Iterator[Path]:
    for app in APPS:
        yield from (p for p in (BACKEND / app).rglob("*.py") if "migrations" not in p.parts)


# --- Migrations ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


# Undoing the migrations of these two apps undoes those of all others.
UP_AND_DOWN = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "mangakg.settings"
django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
call_command("migrate", "accounts", "zero", verbosity=0)
call_command("migrate", "common", "zero", verbosity=0)
left = connection.introspection.table_names()
ours = ("accounts", "catalog", "reader", "safety", "sources", "tracker")
assert not [name for name in left if name.split("_")[0] in ours], left
call_command("migrate", verbosity=0)
call_command("check", fail_level="WARNING")
"""


def test_migrations_run_up_and_down(tmp_path):
    """They run in a process of their own, on a database of their own."""
    # Coverage would measure Django's rendering of models, which is most of it.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    env |= {"MANGAKG_DATA": str(tmp_path / "with a space")}
    server = settings.DATABASES[DEFAULT_DB_ALIAS]
    database = f"test_mangakg_{os.getpid()}"
    if connection.vendor == "postgresql":
        env["DATABASE_URL"] = re.sub(r"/[^/]*$", f"/{database}", os.environ["DATABASE_URL"])
        _on_server(server, f'CREATE DATABASE "{database}"')
    try:
        done = subprocess.run(
            [sys.executable, "-c", UP_AND_DOWN], cwd=BACKEND, env=env,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    finally:
        if connection.vendor == "postgresql":
            _on_server(server, f'DROP DATABASE "{database}" WITH (FORCE)')


def _on_server(server: dict[str, Any], command: str) -> None:
    import psycopg

    keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    given = {key: server[name] for key, name in keys.items() if server.get(name)}
    with psycopg.connect(dbname="postgres", autocommit=True, **given) as link:
        link.execute(command)  # type: ignore[arg-type] # a name of ours


# --- Registers ----------------------------------------------------------------------------------


def test_every_background_task_is_known_in_every_process():
    """Modules that register tasks are found by searching for them, so none may be left out."""
    with_tasks = {
        str(source.relative_to(BACKEND).with_suffix("")).replace(os.sep, ".")
        for source in sources()
        if re.search(r"^@(background|scheduled)_task", source.read_text(), re.MULTILINE)
    }
    show = (
        "import django; django.setup(); from common.work.background import SCHEDULE, TASKS;"
        "print(*TASKS, *SCHEDULE)"
    )

    done = subprocess.run(
        [sys.executable, "-c", show], cwd=BACKEND, capture_output=True, text=True, check=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "mangakg.settings"},
    )  # fmt: skip

    assert {name.rpartition(".")[0] for name in done.stdout.split()} == with_tasks


# --- Codes --------------------------------------------------------------------------------------


def codes_in_code() -> set[str]:
    """Return every code that an answer or a failed upload can carry."""
    found = {*REJECT_CODES, GAVE_UP, BANNED_IMAGE, *(error.code for error in _family(AppError))}
    for source in sources():
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call):
                found |= set(_codes_of_call(node))
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                found |= set(_codes_by_status(node, node.value))
    return found


def _family(error: type[AppError]) -> Iterator[type[AppError]]:
    yield error
    for child in error.__subclasses__():
        yield from _family(child)


def _codes_of_call(node: ast.Call) -> Iterator[str]:
    name = getattr(node.func, "id", "")
    if name in {error.__name__ for error in _family(AppError)}:
        codes = [word.value for word in node.keywords if word.arg == "code"]
    elif name == "_answer" and len(node.args) == 4:  # mangakg.errors
        codes = [node.args[2]]
    else:
        codes = []
    yield from (str(code.value) for code in codes if isinstance(code, ast.Constant))


def _codes_by_status(node: ast.Assign, table: ast.Dict) -> Iterator[str]:
    if [getattr(target, "id", "") for target in node.targets] == ["code"]:
        yield from (str(value.value) for value in table.values if isinstance(value, ast.Constant))


def test_every_error_code_is_documented_and_no_other():
    table = (BACKEND.parent / "docs" / "errors.md").read_text()

    documented = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    assert sorted(documented) == sorted(set(documented))
    assert set(documented) == codes_in_code()


# --- Logs ---------------------------------------------------------------------------------------


def test_every_event_of_the_log_is_documented_with_its_level_and_no_other():
    table = (BACKEND.parent / "docs" / "logs.md").read_text()

    documented = re.findall(r"^\| `([\w.]+)` \| (\w+) \|", table, re.MULTILINE)

    assert sorted(documented) == sorted(set(documented))
    assert set(documented) == set(events_in_code())


def events_in_code() -> Iterator[tuple[str, str]]:
    """Yield every event with its level."""
    for source in sources():
        for node in ast.walk(ast.parse(source.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name("log"), attr=level),
                    args=[ast.Constant(str(event)), *_],
                ):
                    yield event, "error" if level == "exception" else level


def test_every_event_between_apps_is_documented_with_its_consumers():
    """`docs/architecture.md` lists them, as nothing else tells who follows what."""
    table = (BACKEND.parent / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)` `\{[^|]*\|.*\|([^|]*)\|$", table, re.MULTILINE)
    documented = {name: set(re.findall(r"`([\w.]+)`", consumers)) for name, consumers in rows}
    emitted = {
        str(call.args[0].value)
        for source in sources()
        for call in ast.walk(ast.parse(source.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        and call.func.id in ("emit", "emit_all") and isinstance(call.args[0], ast.Constant)
    }  # fmt: skip
    followed = {
        name: {consumer.name for consumer in CONSUMERS.values() if name in consumer.events}
        for name in {*emitted, *(name for one in CONSUMERS.values() for name in one.events)}
    }

    assert "chapter_published" in emitted
    assert documented == followed


# --- The audit log ------------------------------------------------------------------------------


def test_every_action_in_the_audit_log_has_words():
    logged = {action for source in sources() for action in _actions_in(source)}

    assert {"approve", "create_title", "edit_title"} <= logged
    assert logged <= set(ACTIONS)


def _actions_in(source: Path) -> Iterator[str]:
    """Yield the values that are written as `action=`, from both branches of a conditional."""
    if {"admin", "management", "bench"} & set(source.parts):
        return  # calls of forms and argparse have an `action` too
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "action":
            way = node.value
            for value in (way.body, way.orelse) if isinstance(way, ast.IfExp) else (way,):
                if isinstance(value, ast.Constant):
                    yield str(value.value)


# --- Environment --------------------------------------------------------------------------------


def test_the_example_lists_exactly_the_variables():
    example = (BACKEND / ".env.example").read_text()

    listed = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", example, re.MULTILINE)

    assert listed == list(Environment.model_fields)


def test_the_example_as_it_stands_changes_nothing(tmp_path):
    lines = (BACKEND / ".env.example").read_text().splitlines()
    example = dict(
        line.removeprefix("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_0-9]+=", line)
    )
    env = {"PATH": os.environ["PATH"], "MANGAKG_DATA": str(tmp_path)}
    told = {k: v for k, v in example.items() if v and k != "MANGAKG_DATA"}
    show = "from mangakg.environment import read_environment as r; print(r().model_dump_json())"

    plain, with_example = (
        subprocess.run(
            [sys.executable, "-c", show], cwd=BACKEND, env=variables, capture_output=True,
            text=True, check=True,
        ).stdout
        for variables in (env, env | told)
    )  # fmt: skip

    assert json.loads(with_example) == json.loads(plain)


GOOD_KEY = "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"
READ = "from mangakg.environment import read_environment; read_environment()"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PORT": "eighty"}, "PORT"),
        ({"PORT": "70000"}, "PORT"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"MEDIA_NAME_KEY": "a" * 40}, "MEDIA_NAME_KEY"),
        ({"SECRET_KEY": "abcde" * 10}, "SECRET_KEY"),
        ({"SECRET_KEY": "django-insecure-k3v9x!q2m8z7w5r1t6y4u0p"}, "SECRET_KEY"),
        ({"SECRET_KEY": "Change_Me-9f8a7b6c5d4e3f2a1b0c9d8e7f6a"}, "SECRET_KEY"),
        ({"SECRET_KEY": GOOD_KEY, "MEDIA_NAME_KEY": GOOD_KEY}, "MEDIA_NAME_KEY"),
        ({"METRICS_TOKEN": "metrics"}, "METRICS_TOKEN"),
        ({"MANGAKG_DEBUG": "1", "HOST": "0.0.0.0"}, "MANGAKG_DEBUG"),
        ({"MANGAKG_INSTANCE": "No Way"}, "MANGAKG_INSTANCE"),
        ({"MANGAKG_TIME_ZONE": "Bishkek"}, "MANGAKG_TIME_ZONE"),
        ({"THROTTLE_ANON": "often"}, "THROTTLE_ANON"),
        ({"THROTTLE_UPLOAD": "0/min"}, "THROTTLE_UPLOAD"),
        ({"STRIKES_TO_BAN": "-1"}, "STRIKES_TO_BAN"),
        ({"QUOTA_WAITING": "many"}, "QUOTA_WAITING"),
        ({"EMAIL_SECURITY": "maybe"}, "EMAIL_SECURITY"),
        ({"DATABASE_URL": "postgres://x/y", "SECRET_KEY": ""}, "SECRET_KEY"),
        ({"DATABASE_URL": "postgres://x/y", "MEDIA_NAME_KEY": ""}, "MEDIA_NAME_KEY"),
        ({"S3_ENDPOINT_URL": "http://127.0.0.1:1"}, "S3_BUCKET_MEDIA"),
        ({"STATIC_TO_S3": "1"}, "S3_ENDPOINT_URL"),
        ({"MANGAKG_DEMO": "1", "HOST": "0.0.0.0"}, "HOST"),
    ],
)
def test_a_bad_or_missing_variable_refuses_to_start_and_names_itself(variables, named, tmp_path):
    env = {"PATH": os.environ["PATH"], "MANGAKG_DATA": str(tmp_path)} | variables

    done = subprocess.run(
        [sys.executable, "-c", READ], cwd=BACKEND, env=env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert named in done.stderr


def test_random_keys_are_taken(tmp_path):
    chance = random.Random(1)  # one key in a million of 16 bytes has too little entropy
    for _time in range(100):
        for key in (chance.randbytes(16).hex(), urlsafe_b64encode(chance.randbytes(32)).decode()):
            Environment(**NO_FILE, SECRET_KEY=key)


def test_the_settings_stand_on_a_checked_environment(tmp_path):
    env = {"PATH": os.environ["PATH"], "MANGAKG_DATA": str(tmp_path), "PORT": "eighty"}

    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=BACKEND, env=env,
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "PORT" in done.stderr


# --- Libraries ----------------------------------------------------------------------------------


# Private modules of allauth, and a second cache.
BETTER_NOT = re.compile(r"allauth[\w.]*\.internal\b|django\.core\.cache\b")


def test_what_has_a_better_way_is_not_imported():
    using = [
        f"{source.relative_to(BACKEND)}: {module}"
        for source in [*sources(), *(BACKEND / "tests").rglob("*.py")]
        for module in _imported(source)
        if BETTER_NOT.match(module)
    ]

    assert using == []


# Whatever calls another server by itself passes by its budget and the check for transactions.
CLIENTS = re.compile(r"(httpx|httpcore|requests|urllib3|urllib\.request|http\.client|aiohttp)\b")


def test_other_servers_are_called_by_one_client():
    using = {
        source.relative_to(BACKEND).parts[:2]
        for source in sources()
        if any(CLIENTS.match(module) for module in _imported(source))
    }

    assert using == {("common", "outbound")}


def _imported(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


# --- Error reports ------------------------------------------------------------------------------

NO_FILE: dict[str, Any] = {"_env_file": None}  # ignore .env
SECRETS = {
    "e-mail": "uli@example.test",
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJlc2lnbmF0dXJl",
    "address": "203.0.113.77",
    "address 6": "2001:db8::7334",
    "cookie": "refresh-cookie-value",
    "file": "Aigerims secret chapter.zip",
    "query": "signature=0123456789abcdef",
    "name": "uli-the-uploader",
}


def _broken_view(request):
    told = " ".join(SECRETS.values())
    raise RuntimeError(f"could not read /data/{told} of https://x.test/a?{SECRETS['query']}")


urlpatterns = [path("broken/", _broken_view)]


@pytest.fixture
def sentry():
    """A server that accepts Sentry's envelopes, and the list of those it got."""
    taken: list[bytes] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            taken.append(gzip.decompress(body) if packed else body)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    start_error_reports(dsn=f"http://key@127.0.0.1:{server.server_port}/1", environment="test")
    yield taken
    sentry_sdk.get_client().close()
    sentry_sdk.init()
    server.shutdown()


def _wait_for(taken: list[bytes]) -> str:
    sentry_sdk.flush(60)
    until = time.monotonic() + 60
    while not taken and time.monotonic() < until:
        time.sleep(0.01)
    return b"\n".join(taken).decode()


@pytest.mark.django_db
@pytest.mark.urls("tests.test_guards")
def test_an_error_in_a_view_is_reported_without_anything_personal(sentry, uploader_uli):
    client = Client(raise_request_exception=False, headers={
        "authorization": f"Bearer {SECRETS['token']}",
        "x-forwarded-for": SECRETS["address"],
        "user-agent": "Probe/1.0",
    }, REMOTE_ADDR=SECRETS["address"])  # fmt: skip
    client.cookies["mangakg_refresh"] = SECRETS["cookie"]

    answer = client.post(f"/broken/?{SECRETS['query']}", {"file": SECRETS["file"]})

    assert answer.status_code == 500
    report = _wait_for(sentry)
    assert "RuntimeError" in report
    assert "_broken_view" in report
    assert "/broken/" in report
    told = {what for what, secret in SECRETS.items() if secret in report and what != "name"}
    assert told == set()


@pytest.mark.django_db
def test_a_failed_task_is_reported_without_anything_personal(sentry, uploader_uli, caplog):
    from common.work.background import BackgroundTask

    def fail(_pk: int) -> None:
        raise OSError(f"cannot open '{SECRETS['file']}' for {SECRETS['e-mail']}")

    task = BackgroundTask("tests.fail", fail, lambda: [], "publishing", 60)

    assert task.work(7) is False

    report = _wait_for(sentry)
    assert "OSError" in report
    told = {what for what, secret in SECRETS.items() if secret in report}
    assert told == set()


@pytest.mark.django_db
def test_a_call_to_anilist_that_breaks_is_reported_without_the_token(sentry):
    from common.work.background import BackgroundTask

    class Broken:
        def request(self, *_given: Any, **said: Any) -> None:
            sent.append(repr(said))
            raise RuntimeError(f"could not send {said}")

    sent: list[str] = []
    account = AniListAccount(token=seal_token(SECRETS["token"]))
    lists = AniListLists(Broken(), open_token(account.token))
    task = BackgroundTask("tests.fail", lambda _pk: lists.get_viewer(), list, "x", 1)

    assert task.work(7) is False

    report = _wait_for(sentry)
    assert "get_viewer" in report
    assert SECRETS["token"] in sent[0]
    assert SECRETS["token"] not in report
    assert account.token not in report
