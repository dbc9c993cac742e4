"""One module a group of commands. They parse, run a use case as the operator, and print."""
