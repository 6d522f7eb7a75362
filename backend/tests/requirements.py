"""Checks, without Poetry, that the hashed requirements are exactly those of poetry.lock."""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BACKEND = Path(__file__).resolve().parent.parent
FILES = ("base", "web", "dev")


def read_requirements(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Return package -> (version, hashes) of one exported file."""
    text = (BACKEND / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for line in text.splitlines():
        if "==" not in line or line.lstrip().startswith("#"):
            continue
        requirement = Requirement(line.partition(" --hash")[0].strip())
        version = str(requirement.specifier).removeprefix("==")
        hashes = frozenset(re.findall(r"--hash=(\S+)", line))
        found[canonicalize_name(requirement.name)] = (version, hashes)
    return found


def problems() -> list[str]:
    """Return one line for each disagreement."""
    lock = tomllib.loads((BACKEND / "poetry.lock").read_text())["package"]
    locked: dict[str, tuple[str, frozenset[str]]] = {
        canonicalize_name(package["name"]): (
            package["version"],
            frozenset(file["hash"] for file in package["files"]),
        )
        for package in lock
    }
    exported = {name: read_requirements(name) for name in FILES}
    found = [
        f"requirements/{name}.txt: {package} is not as locked"
        for name, packages in exported.items()
        for package, pin in packages.items()
        if locked.get(package) != pin
    ]
    found += [
        f"requirements/dev.txt lacks {package}"
        for package in locked
        if package not in exported["dev"]
    ]
    for smaller, larger in (("base", "web"), ("web", "dev")):
        missing = exported[smaller].keys() - exported[larger].keys()
        found += [f"requirements/{larger}.txt lacks {package}" for package in sorted(missing)]
    project = tomllib.loads((BACKEND / "pyproject.toml").read_text())
    groups = {
        "base": project["project"]["dependencies"],
        "web": project["dependency-groups"]["web"],
        "dev": project["dependency-groups"]["dev"],
    }
    for name, wanted in groups.items():
        for line in wanted:
            requirement = Requirement(line)
            pin = exported[name].get(canonicalize_name(requirement.name))
            if pin is None or not requirement.specifier.contains(pin[0], prereleases=True):
                found.append(f"requirements/{name}.txt does not satisfy {line!r}")
    return found


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines))
    sys.exit(bool(lines))
