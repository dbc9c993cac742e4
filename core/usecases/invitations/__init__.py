"""Personal invitations: previewed, sent in batches, answered, looked after, reminded of."""
