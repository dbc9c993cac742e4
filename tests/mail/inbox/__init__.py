"""Mailboxes that are read: against a server that misbehaves on cue, and against Dovecot."""
