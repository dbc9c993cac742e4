"""Learners: found, changed by hand, removed, given codes; what is kept about them, and its end."""
