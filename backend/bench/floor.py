"""Does the least work that an extraction can cost: `python -m bench.floor ZIP FOLDER`.

It inflates, hashes and decodes each page, computes its perceptual hash and writes it; it checks and
limits nothing, and uses no database. Prints processor seconds, wall seconds and pages.
"""

import hashlib
import io
import json
import resource
import sys
import time
import zipfile
from pathlib import Path

from PIL import Image

from common.files.pictures.decoding_child import perceptual_hash, shrink


def extract(archive: Path, folder: Path) -> int:
    """Extract one zip and return the number of pages."""
    with zipfile.ZipFile(archive) as file:
        names = file.namelist()
        for name in names:
            data = file.read(name)
            digest = hashlib.sha256(data).hexdigest()
            picture = Image.open(io.BytesIO(data))
            picture.load()
            perceptual_hash(shrink(picture))
            (folder / f"{name}-{digest}").write_bytes(data)
    return len(names)


def main() -> None:
    archive, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True)
    Image.preinit()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    pages = extract(archive, folder)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu": cpu, "wall": time.perf_counter() - started, "pages": pages}))


if __name__ == "__main__":
    main()
