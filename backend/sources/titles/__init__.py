"""What sources know of titles, matched with ours and taken into the catalogue."""
