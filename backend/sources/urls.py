"""The addresses of this app, below /api/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
