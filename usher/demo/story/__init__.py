"""What ``usher demo --once`` tells: three stories without a person, through the doors that people use."""
