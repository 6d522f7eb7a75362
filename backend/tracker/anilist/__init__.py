"""Lists at AniList, kept in step with libraries here, both ways."""
