"""What comes in, from the first byte to who does what it asks: stored, screened by named rules, its sender proven."""
