"""The site's admin takes the place of Django's; see `mangakg.admin_site`."""

from django.contrib.admin.apps import AdminConfig


class MangaAdminConfig(AdminConfig):
    default_site = "mangakg.admin_site.MangaAdminSite"
