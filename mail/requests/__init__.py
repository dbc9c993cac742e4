"""What staff ask by e-mail: read from their words, done by the use cases, answered in the same thread."""
