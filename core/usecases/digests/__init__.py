"""Digests: wanted by staff, made when due, sent."""
