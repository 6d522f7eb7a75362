"""The admin's pages of users, strikes, e-mails and the audit log."""

from accounts.admin import emails, jobs, records, uploader_requests, users

__all__ = ["emails", "jobs", "records", "uploader_requests", "users"]
