"""Which titles have chapters: `catalog.batches` asks before it deletes many."""

from django.db.models import Exists, OuterRef

from reader.models import Chapter

HAS_CHAPTERS = Exists(Chapter.objects.filter(series=OuterRef("pk")))
