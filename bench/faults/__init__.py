"""Fault experiments: real processes against servers that misbehave; afterwards one checker compares what they accepted
with what the database says. ``python -m bench.faults NAME`` runs one, ``all`` every one.
"""
