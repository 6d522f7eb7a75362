"""The limits of an upload, as the operator set them."""

from django.conf import settings

from reader.intake.archives import ArchiveLimits


def archive_limits() -> ArchiveLimits:
    """Return the limits of `settings.UPLOAD_LIMITS`."""
    return ArchiveLimits(**settings.UPLOAD_LIMITS)
