"""The program: command line, wiring, ``serve``, ``demo``, ``doctor``. It alone may import everything."""
