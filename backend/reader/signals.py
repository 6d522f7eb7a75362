"""What the apps above may listen to; receivers are listed in docs/architecture.md."""

from django.dispatch import Signal

# Sent after commit, with `chapter`: an upload of it went live.
chapter_published = Signal()
