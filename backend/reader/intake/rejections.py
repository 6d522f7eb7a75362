"""The reasons why uploads fail, stored as a code with parameters, shown as a sentence."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from common.files.picture_files import banned_sentence
from common.files.rejections import FileRejected
from common.http.errors import AppError
from reader.intake.archives import REJECT_MESSAGES

if TYPE_CHECKING:
    from reader.models import Upload

# Failures that are not in the zip.
GAVE_UP = "gave_up"
TOO_SLOW = "too_slow"
# All of a day's zips of the uploader together are too slow, not this one by itself.
DECODING_QUOTA = "decoding_quota"
# A page is a banned picture.
BANNED_IMAGE = "banned_image"


def failure_columns(rejection: FileRejected) -> dict[str, Any]:
    """Return the columns of an upload that hold why it failed."""
    return {
        "error_code": rejection.code,
        "error_params": {"problem": rejection.problem, **rejection.params},
        "malicious": rejection.malicious,
    }


def failure_sentence(upload: "Upload") -> str:
    """Return what is wrong and what to do, in the active language; empty where nothing failed."""
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
    """Return the sentence for a user whose checking time of a day is used up."""
    return _("Checking your zips has taken as long as a day allows. Send this one again tomorrow.")


class UploadRejected(AppError):
    """The zip cannot be accepted; the failed Upload is kept, and the answer has its id."""

    status = 422

    def __init__(self, upload: "Upload") -> None:
        super().__init__(
            failure_sentence(upload),
            code=upload.error_code,
            extra={"upload": upload.pk, "malicious": upload.malicious},
        )
