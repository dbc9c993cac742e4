"""Fetching from IMAP mailboxes. The only room that imports aioimaplib."""
