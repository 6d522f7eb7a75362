"""Folders as storages: whole files only, no litter, nothing outside."""

import errno
import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import TemporaryUploadedFile

from common.files.storages import (
    Folder,
    delete_names,
    first_level,
    list_names,
    quarantine_storage,
    remove_drafts,
)


@pytest.fixture
def folder(tmp_path):
    return Folder(location=tmp_path / "with a space")


def read(folder: Folder, name: str) -> bytes:
    with folder.open(name, "rb") as file:
        return bytes(file.read())


@pytest.mark.parametrize("kind", ["bytes", "received file"])
def test_what_is_saved_is_on_the_disk_before_anybody_is_told(kind, folder, tmp_path, monkeypatch):
    done: list[str] = []

    def fsync(descriptor, real=os.fsync):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        done.append(f"sync {'folder' if path.is_dir() else 'file'} {path.name}")
        real(descriptor)

    def replace(source, target, real=Path.replace):
        done.append("rename")
        return real(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    received = TemporaryUploadedFile("c.zip", "application/zip", 1, None)
    received.write(b"1")
    received.flush()
    folder.save("a/b", ContentFile(b"1") if kind == "bytes" else received)

    assert done[:2] == [f"sync folder {tmp_path.name}", "sync folder with a space"]  # made anew
    assert done[2].startswith("sync file ")
    assert done[3:] == ["rename", "sync folder a"]


def test_a_name_is_overwritten_and_never_changed(folder):
    names = [folder.save("a/b", ContentFile(content)) for content in (b"1", b"2")]

    assert names == ["a/b", "a/b"]
    assert read(folder, "a/b") == b"2"


def test_an_uploaded_file_is_moved_and_not_copied(folder, settings, tmp_path):
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    upload = TemporaryUploadedFile("x.zip", "application/zip", 3, None)
    upload.write(b"zip")
    upload.flush()
    inode = Path(upload.temporary_file_path()).stat().st_ino

    folder.save("u/archive.zip", upload)

    assert Path(folder.path("u/archive.zip")).stat().st_ino == inode
    upload.close()


def test_a_file_is_there_whole_or_not_at_all(folder):
    class Torn(ContentFile):  # type: ignore[type-arg] # generic for the type checker only
        def chunks(self, chunk_size=None):
            yield b"half"
            raise OSError(errno.ENOSPC, "No space left on device")

    folder.save("a", ContentFile(b"before"))

    with pytest.raises(OSError, match="No space"):
        folder.save("a", Torn(b"x"))

    assert read(folder, "a") == b"before"
    assert list(folder.drafts().iterdir()) == []


def test_deleting_leaves_no_empty_folder(folder):
    folder.save("a/b/c", ContentFile(b"1"))
    folder.save("a/d", ContentFile(b"1"))

    folder.delete("a/b/c")
    folder.delete("a/b/c")

    assert [path.name for path in Path(folder.path("a")).iterdir()] == ["d"]


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../outside"])
def test_nothing_is_written_outside(name, folder):
    with pytest.raises(SuspiciousFileOperation):
        folder.save(name, ContentFile(b"1"))


def test_names_are_listed_without_drafts(folder):
    folder.save("a/b", ContentFile(b"1"))
    (folder.drafts() / "half").write_bytes(b"1")

    assert list_names(folder, "") == ["a/b"]
    assert list_names(folder, "a/") == ["a/b"]
    assert list_names(folder, "none/") == []


def test_a_folder_that_vanishes_while_names_are_listed_is_no_error(folder, monkeypatch):
    folder.save("a/b/c", ContentFile(b"1"))
    folder.save("d", ContentFile(b"1"))
    scandir = os.scandir

    def remove_first(path):
        if Path(path).name == "b":
            folder.delete("a/b/c")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", remove_first)

    assert list_names(folder, "") == ["d"]


def test_names_that_are_gone_are_no_error(folder):
    delete_names(folder, ["a", "b/c"])


def test_the_age_of_a_folder_is_that_of_its_youngest_file(folder):
    folder.save("uploads/a/x", ContentFile(b"1"))
    soon, past = (datetime.now(UTC) + timedelta(minutes=sign) for sign in (1, -1))

    assert list(first_level(folder, "uploads", older_than=soon)) == ["a"]
    assert list(first_level(folder, "uploads", older_than=past)) == []
    assert list(first_level(folder, "none", older_than=soon)) == []


def test_drafts_of_the_dead_are_removed_and_those_of_the_living_stay():
    drafts = quarantine_storage().drafts()  # type: ignore[attr-defined]
    drafts.mkdir(parents=True, exist_ok=True)
    (drafts / "dead").write_bytes(b"1")

    with (drafts / "alive").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert remove_drafts() == 1
        assert [path.name for path in drafts.iterdir()] == ["alive"]

    assert remove_drafts() == 1
