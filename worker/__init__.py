"""Background work: queues, chunks of messages, ticks. Knows the core only; ``usher`` hands it what delivers."""
