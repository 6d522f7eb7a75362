"""The house's admin takes the place of Django's; what it does is in `mangakg.admin_house`."""

from django.contrib.admin.apps import AdminConfig


class MangaAdminConfig(AdminConfig):
    default_site = "mangakg.admin_house.MangaAdminSite"
