"""People in the admin, what they did wrong, and the log of decisions."""

from accounts.admin import emails, records, uploader_requests, users

__all__ = ["emails", "records", "uploader_requests", "users"]
