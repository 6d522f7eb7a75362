"""The secrets of the embedded profile are made once, in the data folder."""

import os
import secrets
from pathlib import Path


def read_or_make_key(folder: Path, name: str) -> str:
    """Return the key in the file `name`, made where it is missing; two processes agree on one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        draft = folder / f"{name}.{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)  # atomic, and fails where another process was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
