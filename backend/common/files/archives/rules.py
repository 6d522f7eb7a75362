"""The rules for uploaded archives: limits, reject codes and their sentences.

Those for its pictures are in `common.files.pictures.rules`; an upload is refused for either.
"""

from dataclasses import dataclass
from typing import ClassVar

from common.files.pictures.rules import MIB, PICTURE_MESSAGES, PictureLimits
from common.files.rejections import FileRejected


@dataclass(frozen=True, slots=True)
class ArchiveLimits(PictureLimits):
    """Upper bounds of one upload and its pages, inclusive like those of a picture."""

    max_archive_bytes: int = 500 * MIB
    max_pages: int = 1_000
    max_inflated_bytes: int = 2_048 * MIB
    # macOS adds one "__MACOSX/._name" and one folder entry for each file, so that an honest
    # archive can hold far more entries than pages.
    max_entries: int = 4_000


REJECT_CODES = (
    "not_a_zip",
    "corrupt",
    "encrypted",
    "unsupported_compression",
    "bomb",
    "too_large",
    "too_many_files",
    "path_traversal",
    "symlink",
    "special_file",
    "nested_archive",
    "bad_name",
    "bad_layout",
    "bad_numbering",
    "duplicate",
    "empty",
    "bad_type",
    "type_mismatch",
    "bad_image",
    "image_bomb",
)

# problem -> (reject code, English sentence), as `FileRejected` wants them.
ARCHIVE_MESSAGES: dict[str, tuple[str, str]] = {
    "not_zip": (
        "not_a_zip",
        "This file is not a zip archive. Pack the pages into a .zip and send that.",
    ),
    "split_zip": (
        "not_a_zip",
        "This is one part of a split zip. Pack the pages into a single .zip and send that.",
    ),
    "prefixed_zip": (
        "not_a_zip",
        "Other data stands before the zip in this file, as in a self-extracting archive. "
        "Pack the pages into a plain .zip and send that.",
    ),
    "cut_short": (
        "corrupt",
        "The zip is incomplete: its end is missing. Make it again and send the whole file.",
    ),
    "broken_directory": (
        "corrupt",
        "The zip's table of contents is damaged. Make the zip again and send it.",
    ),
    "trailing_data": (
        "corrupt",
        "There are bytes behind the end of the zip. Make the zip again and send it.",
    ),
    "header_mismatch": (
        "corrupt",
        "The zip contradicts itself about “%(name)s”. Make the zip again and send it.",
    ),
    "damaged_entry": (
        "corrupt",
        "“%(name)s” is damaged inside the zip. Make the zip again and send it.",
    ),
    "size_lie": (
        "corrupt",
        "“%(name)s” is not as long as the zip says. Make the zip again and send it.",
    ),
    "encrypted_entry": (
        "encrypted",
        "“%(name)s” is protected by a password. Make the zip without a password.",
    ),
    "odd_compression": (
        "unsupported_compression",
        "“%(name)s” is compressed in a way that is not supported. "
        "Make the zip with the normal method (Deflate) or without compression.",
    ),
    "overlapping_entries": (
        "bomb",
        "Files overlap inside this zip. Make an ordinary zip and send it.",
    ),
    "inflates_too_far": (
        "bomb",
        "“%(name)s” unpacks to far more than its size in the zip. "
        "Make an ordinary zip of the pages and send it.",
    ),
    "archive_inflates_too_far": (
        "bomb",
        "This zip unpacks to far more than its own size. "
        "Make an ordinary zip of the pages and send it.",
    ),
    "archive_too_large": (
        "too_large",
        "The zip is larger than %(max_megabytes)s MB. Split the chapter or make its pages smaller.",
    ),
    "inflated_too_large": (
        "too_large",
        "All pages together are larger than %(max_megabytes)s MB. "
        "Split the chapter or make its pages smaller.",
    ),
    "too_slow": (
        "too_large",
        "Checking this zip took too long. Split the chapter or make its pages smaller.",
    ),
    "too_many_pages": (
        "too_many_files",
        "The zip holds %(count)s pages; at most %(max)s are allowed. Split the chapter.",
    ),
    "too_many_entries": (
        "too_many_files",
        "The zip holds too many files; at most %(max)s are allowed. Leave only the pages in it.",
    ),
    "escaping_path": (
        "path_traversal",
        "The name “%(name)s” points outside the zip. Give the pages plain names and try again.",
    ),
    "full_path": (
        "path_traversal",
        "The zip keeps “%(name)s” with its whole path on the disk. "
        "Make it without paths, from inside the folder of the pages, and send it.",
    ),
    "symbolic_link": (
        "symlink",
        "“%(name)s” is a link and not a file. Put the page itself into the zip.",
    ),
    "device_or_pipe": (
        "special_file",
        "“%(name)s” is not an ordinary file. Put only the pages into the zip.",
    ),
    "archive_inside": (
        "nested_archive",
        "“%(name)s” is an archive inside the zip. Unpack it and put its pages in directly.",
    ),
    "unusable_name": (
        "bad_name",
        "The name “%(name)s” cannot be used: it is empty, too long or holds control characters. "
        "Rename the file.",
    ),
    "no_page_number": (
        "bad_name",
        "“%(name)s” has no page number. Name the pages 1, 2, 3 … or page_1, page_2, page_3 …",
    ),
    "nested_folders": (
        "bad_layout",
        "“%(name)s” lies too deep. Put all pages at the top of the zip or into one folder.",
    ),
    "several_folders": (
        "bad_layout",
        "The pages lie in more than one place: “%(first)s” and “%(second)s”. "
        "Put them all at the top of the zip or into one folder.",
    ),
    "several_prefixes": (
        "bad_numbering",
        "The page names do not begin alike: “%(first)s” and “%(second)s”. "
        "Give all pages the same beginning, or only numbers.",
    ),
    "missing_page": (
        "bad_numbering",
        "Page %(page)s is missing: the pages must be numbered from 1 to the last without a gap.",
    ),
    "number_too_big": (
        "bad_numbering",
        "The page number of “%(name)s” is too big. Number the pages 1, 2, 3 …",
    ),
    "same_name_twice": (
        "duplicate",
        "The zip holds “%(name)s” twice. Leave only one of them.",
    ),
    "same_number_twice": (
        "duplicate",
        "“%(first)s” and “%(second)s” are both page %(page)s. Leave only one or number them anew.",
    ),
    "nothing_inside": (
        "empty",
        "There are no pages in this zip. Put the pages in and send it again.",
    ),
}


# All problems for which an upload is refused: the archive's and its pictures'.
REJECT_MESSAGES = ARCHIVE_MESSAGES | PICTURE_MESSAGES


class ArchiveRejected(FileRejected):
    """An expected problem of an archive, or of its pictures where it shows in the zip."""

    sentences: ClassVar[dict[str, tuple[str, str]]] = REJECT_MESSAGES
