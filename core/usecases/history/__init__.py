"""Who did what to whom, when, through which door: read from the audit."""
