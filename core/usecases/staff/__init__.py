"""Organisations and their staff: begun, invited, signed in, known in Slack, at home."""
