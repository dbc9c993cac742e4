"""The mailbox: mail that comes in, who sent it, what it asks, what it says of our own mail."""
