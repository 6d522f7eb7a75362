"""One file per outside catalogue; see docs/sources.md for writing one."""
