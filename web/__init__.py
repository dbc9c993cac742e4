"""The web door: learners' and staff members' link pages, health, and the place where Slack's endpoint is mounted."""
