"""Tells lower apps that a picture is banned; they know nothing of uploads."""

from reader.intake.banned_pictures import is_banned_picture

IS_BANNED = is_banned_picture
