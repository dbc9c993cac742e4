"""Words that only our e-mails use."""


def grouped(code: str, size: int = 4) -> str:
    """As in "1234 5678"."""
    return " ".join(code[start : start + size] for start in range(0, len(code), size))
