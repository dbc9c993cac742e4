"""``python -m usher``."""

from usher.cli import main

main()
