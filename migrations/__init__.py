"""The database's versions (Alembic). Tests run them from empty and back on both databases."""
