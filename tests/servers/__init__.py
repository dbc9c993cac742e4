"""Real servers that tests start for themselves, each on a free loopback port and in a folder of its own."""
