"""What an untrusted picture is, and that picture without the rest: pure leaves, bytes in, values
or a PictureRejected out. Pages, covers and avatars go through the same ones."""
