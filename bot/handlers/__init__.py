"""One module a noun, each with ``register(bolt, deps)``.

Every listener reads alike: who asks (``deps.people.asker``), what they want, one use case, the answer. A button that
needs nothing else is one line (``presses``). What raises is answered in one place, ``bot.errors``.
"""
