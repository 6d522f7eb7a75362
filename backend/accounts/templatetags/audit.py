"""Filters for the words of the audit log."""

from django import template

from accounts.audit_words import action_words, state_words, strike_words

register = template.Library()
register.filter("action_words", action_words)
register.filter("state_words", state_words)
register.filter("strike_words", strike_words)
