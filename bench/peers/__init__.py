"""What Usher is compared with: the same work as a competent person would do it with the usual library, and no more."""
