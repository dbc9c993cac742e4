"""What is said to the world: rows of the outbox turned into letters and notes, handed over, held, recovered."""
