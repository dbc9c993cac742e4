"""Alembic's entry: runs the migrations on the connection that ``usher.migrating`` hands over."""

from alembic import context

from core.model import Base
from migrations.ours import include_name, render_item

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_name=include_name,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
