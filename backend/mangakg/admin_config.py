"""Puts the admin of `mangakg.admin_site` in the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class MangaAdminConfig(AdminConfig):
    default_site = "mangakg.admin_site.MangaAdminSite"
