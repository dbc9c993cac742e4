"""One module a noun, each with ``register(bolt, deps)``.

Every listener reads alike: who asks (``deps.people.asker``), what they want, one use case, the answer. What raises is
answered in one place, ``bot.errors``.
"""
