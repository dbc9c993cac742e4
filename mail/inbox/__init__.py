"""Reads mailboxes over IMAP: what arrives is received, done, and filed where it can be seen what became of it."""
