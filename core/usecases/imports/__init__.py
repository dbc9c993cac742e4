"""The import: a file of learners, or of courses and runs, from its arrival to its undoing."""
