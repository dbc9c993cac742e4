"""What comes back about our own mail: bounces, complaints, and wishes for no more of it."""
