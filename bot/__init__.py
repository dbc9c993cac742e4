"""The Slack door: who asks, what they wrote, one use case, and its result as Block Kit."""
