"""One module a group of commands. They parse, run a use case as the operator, and print.

What touches rows is imported where it is used: help and mistakes need not wait for the database library.
"""
