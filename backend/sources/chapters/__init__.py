"""Chapters of a source become uploads that wait for review."""
