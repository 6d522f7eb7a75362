"""People in the admin, what they did wrong, and the log of decisions."""

from accounts.admin import letters, records, uploader_requests, users

__all__ = ["letters", "records", "uploader_requests", "users"]
