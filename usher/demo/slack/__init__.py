"""A Slack on this machine: real clients and a real Bolt app work against it, without an account.

Serves `usher demo` and the tests. It knows nothing of Usher. Start with `server.SlackLookalike`.
"""
