"""Why an upload failed, kept as a code with its words' places, told in the reader's language."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from common.files.rejections import FileRejected
from common.http.errors import AppError
from reader.intake.archives import REJECT_MESSAGES

if TYPE_CHECKING:
    from reader.models import Upload

# Failures that are nobody's fault but ours.
GAVE_UP = "gave_up"
TOO_SLOW = "too_slow"
# Not too slow by itself: all of a day's zips of its uploader are, together.
DECODING_QUOTA = "decoding_quota"
# A page is on the list of pictures that must not be shown again.
BANNED_IMAGE = "banned_image"


def failure_columns(rejection: FileRejected) -> dict[str, Any]:
    """Return the columns of a failed upload."""
    return {
        "error_code": rejection.code,
        "error_params": {"problem": rejection.problem, **rejection.params},
        "malicious": rejection.malicious,
    }


def failure_sentence(upload: "Upload") -> str:
    """Say what was wrong and what to do, in the active language; empty where nothing failed."""
    if not upload.error_code:
        return ""
    params = dict(upload.error_params)
    problem = params.pop("problem", upload.error_code)
    if problem == GAVE_UP:
        return _("Something went wrong on our side, several times. Please send the zip again.")
    if problem == TOO_SLOW:
        return _("Checking this zip took too long. Split the chapter or make its pages smaller.")
    if problem == DECODING_QUOTA:
        return decoding_quota_sentence()
    if problem == BANNED_IMAGE:
        return banned_sentence(params["name"])
    return _(REJECT_MESSAGES[problem][1]) % params


def decoding_quota_sentence() -> str:
    """Say that checking a person's zips has taken as long as a day allows."""
    return _("Checking your zips has taken as long as a day allows. Send this one again tomorrow.")


def banned_sentence(name: str) -> str:
    """Say that a picture is banned, and which."""
    return _(
        "“%(name)s” is a picture that was removed here before and may not be shown again. "
        "Leave it out and send the rest."
    ) % {"name": name}


class UploadRejected(AppError):
    """The zip cannot be taken; the failed Upload is kept and named."""

    status = 422

    def __init__(self, upload: "Upload") -> None:
        super().__init__(
            failure_sentence(upload),
            code=upload.error_code,
            extra={"upload": upload.pk, "malicious": upload.malicious},
        )
