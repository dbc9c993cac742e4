"""How fast Usher is, beside a named peer in the same run: ``python -m bench NAME --json``.

Times on a shared machine say little; ratios within one run, CPU seconds and memory say more.
"""
