"""What strangers try, against a server that really runs."""
