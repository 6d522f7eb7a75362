"""Dockerfile, compose.yaml, fly.toml and their page name only what exists."""

import os
import re
import secrets
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from django.core.management import get_commands

from common.work.background import queues
from mangakg.environment import Environment
from tests.processes.installation import BACKEND, Installation
from tests.services import wait_for

ROOT = BACKEND.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
FLY: dict[str, Any] = tomllib.loads((BACKEND / "fly.toml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PAGE = (ROOT / "docs" / "deployment.md").read_text()
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
COMMANDS = {
    **{f"compose {name}": str(service["command"]) for name, service in OURS.items()},
    **{f"fly {name}": command for name, command in FLY["processes"].items()},
    "fly release": FLY["deploy"]["release_command"],
}
SECRETS = ("SECRET_KEY", "MEDIA_NAME_KEY", "POSTGRES_PASSWORD", "S3_ACCESS_KEY_ID",
           "S3_SECRET_ACCESS_KEY")  # fmt: skip
# Of other programs: the images', compose's own, and those of the tools that the page shows.
NOT_OURS = {"POSTGRES_PASSWORD", "MANGAKG_TAG"}
# What an operator cannot choose in compose, each with its reason.
DECIDED_BY_COMPOSE = {
    **dict.fromkeys(("HOST", "PORT", "MANGAKG_DATA"), "the image's, inside the container"),
    **dict.fromkeys(("DATABASE_URL", "REDIS_URL"), "the services beside it"),
    **dict.fromkeys(
        ("S3_REGION", "S3_BUCKET_MEDIA", "S3_BUCKET_QUARANTINE"), "the store beside it"
    ),
    **dict.fromkeys(("STATIC_TO_S3", "S3_BUCKET_STATIC"), "that store has no third bucket"),
    "LOG_JSON": "with DATABASE_URL it always is",
}


@pytest.mark.parametrize("place", COMMANDS)
def test_every_command_exists(place: str) -> None:
    words = shlex.split(COMMANDS[place])

    if words[:2] == ["python", "manage.py"]:
        assert get_commands()[words[2]] == "mangakg"
        return
    assert words[:3] == ["celery", "-A", "mangakg"]
    assert words[3] in {"worker", "beat"}


@pytest.mark.parametrize("host", ["compose", "fly"])
def test_every_queue_has_a_worker_and_there_is_one_beat(host: str) -> None:
    here = [command for place, command in COMMANDS.items() if place.startswith(host)]

    heard = [queue for command in here for queue in _queues(command)]

    assert sorted(heard) == queues()
    assert sum(" beat" in command for command in here) == 1


@pytest.mark.parametrize("host", ["compose", "fly"])
def test_zips_and_pictures_delay_neither_emails_nor_take_downs(host: str) -> None:
    here = [command for place, command in COMMANDS.items() if place.startswith(host)]

    heard = [_queues(command) for command in here]

    assert ["extraction"] in heard
    assert ["emails", "events", "jobs", "publishing"] in heard
    assert ["sources"] in heard  # no fetched chapter delays an answer that people wait for


def _queues(command: str) -> list[str]:
    """Return what a worker listens to: the queues that it names, or all but those (-X)."""
    found = re.search(r" -([QX]) (\S+)", command)
    if found is None:
        return []
    named = found[2].split(",")
    return named if found[1] == "Q" else [queue for queue in queues() if queue not in named]


def test_every_variable_is_one_that_is_read() -> None:
    known = set(Environment.model_fields)
    inside_image = set(re.findall(r"^\s*(?:ENV\s+)?([A-Z][A-Z0-9_]+)=", DOCKERFILE, re.MULTILINE))

    for service in OURS.values():
        assert set(service["environment"]) <= known
    assert set(FLY["env"]) <= known
    assert inside_image - {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"} <= known
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "compose.yaml").read_text()))
    assert asked <= known | NOT_OURS
    shown = set(re.findall(r"\b((?:[A-Z0-9]+_)+[A-Z0-9]+)=", PAGE))
    assert shown <= known | NOT_OURS | {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


@pytest.mark.parametrize("name", Environment.model_fields)
def test_a_setting_reaches_every_container_of_ours(name: str) -> None:
    given = {**dict.fromkeys(SECRETS, "a secret"), name: "as the operator says"}

    for service in OURS.values():
        reaches = _interpolate(str(service["environment"].get(name, "")), given) == given[name]
        assert reaches is (name not in DECIDED_BY_COMPOSE)


@pytest.mark.parametrize("recipe", ["Fly.io, Neon, Tigris", "Compose, on one host"])
def test_whoever_follows_the_page_sets_up_mail(recipe: str) -> None:
    section = PAGE.partition(f"## {recipe}\n")[2].partition("\n## ")[0]

    of_mail = {name for name in Environment.model_fields if name.startswith("EMAIL_")}
    assert {*of_mail, "DEFAULT_FROM_EMAIL"} <= set(re.findall(r"\b([A-Z_]+)=", section))


@pytest.mark.services
def test_without_a_mail_server_every_start_says_so(services: Installation) -> None:
    released = _release(services)
    services.start("web", "worker")
    wait_for("the worker to say it", lambda: "mail.no_server" in _log(services, "worker"))

    assert "mail.no_server" in released
    assert "mail.no_server" in _log(services, "web")
    services.stop()


@pytest.mark.services
def test_with_a_mail_server_there_is_nothing_to_say(services: Installation) -> None:
    services.extra_env = {**services.extra_env, "EMAIL_HOST": "mail.example"}

    assert "mail.no_server" not in _release(services)


def _release(installation: Installation) -> str:
    """Return what an operator sees of a release."""
    return subprocess.run(
        [sys.executable, "manage.py", "release"], cwd=BACKEND, env=installation.env,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
    ).stdout  # fmt: skip


def _log(installation: Installation, process: str) -> str:
    return (installation.folder / f"{process}.log").read_text()


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()

    for name in SECRETS:
        uses = re.findall(r"\$\{" + name + r"(.)", text)
        assert uses, name
        assert re.findall(r"\$\{" + name + r"(:\?)", text) == [":?"] * len(uses)
    assert not set(SECRETS) & set(FLY["env"])


def test_the_image_copies_what_exists_and_is_not_ignored() -> None:
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in {"backend", "frontend"}
    assert (BACKEND / FLY["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert "USER mangakg" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE


def test_compose_settings_start_the_application(tmp_path: Path) -> None:
    """The variables as compose would pass them are complete and right."""
    given = {name: secrets.token_hex(24) for name in SECRETS}
    web = OURS["web"]["environment"]
    env = {name: _interpolate(str(value), given) for name, value in web.items()}

    result = subprocess.run(
        [sys.executable, "-c", "import mangakg.settings as s; print(s.MEDIA_URL)"],
        cwd=BACKEND, capture_output=True, text=True, check=False,
        env=env | {"PATH": os.environ["PATH"], "MANGAKG_DATA": str(tmp_path)},
    )  # fmt: skip

    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "http://localhost:9001/mangakg/"


def _interpolate(text: str, given: dict[str, str]) -> str:
    """Do what compose does: `${NAME}`, `${NAME:-default}` and `${NAME:?message}`, from inside."""
    pattern = re.compile(r"\$\{([A-Z0-9_]+)(?::-([^${}]*)|:\?[^{}]*)?\}")
    while pattern.search(text):
        text = pattern.sub(lambda found: given.get(found[1], found[2] or ""), text)
    return text


def test_health_is_asked_by_address(embedded: Installation) -> None:
    embedded.extra_env = {**embedded.extra_env, "ALLOWED_HOSTS": "manga.example"}
    embedded.start()

    assert httpx.get(f"{embedded.url}/healthz", timeout=60).status_code == 200
    assert httpx.get(f"{embedded.url}/readyz", timeout=60).json()["database"] == "ok"
    assert httpx.get(f"{embedded.url}/api/site", timeout=60).status_code == 400
    embedded.stop()
