"""Courses and runs."""
