"""E-mail out: letters as bytes, kept connections to the mail server, and what its answers mean."""
