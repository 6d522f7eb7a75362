"""The admin pages of sources."""
