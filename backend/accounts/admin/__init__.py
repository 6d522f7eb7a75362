"""The admin's pages of users, strikes, e-mails and the audit log."""

from accounts.admin import emails, records, uploader_requests, users

__all__ = ["emails", "records", "uploader_requests", "users"]
