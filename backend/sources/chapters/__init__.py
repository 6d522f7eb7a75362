"""Chapters of sources, from a wish to an upload that waits for review."""
