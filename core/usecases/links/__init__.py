"""Shared links: made, looked after, and joined by."""
