"""Answers what was asked of sources, as a worker does."""

from sources.answers.asking import age_all, answer_all

__all__ = ["age_all", "answer_all"]
