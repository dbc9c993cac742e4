"""What Usher does: one module a noun, functions ``f(ctx, command) -> result`` with their commands and results."""
