"""What a limited child may use, taken by itself before anything else of the house is loaded."""

import resource
from collections.abc import Iterable


def limit(limits: Iterable[tuple[str, int]]) -> None:
    """``limits``: what follows ``RLIMIT_`` in a limit's name, and the most of it."""
    for name, most in limits:
        which = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # The soft limit of CPU time is renewed for each job, so the hard one stays.
        resource.setrlimit(which, (most, hard if name == "CPU" else most))
