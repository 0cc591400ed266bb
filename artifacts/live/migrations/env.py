"""What Alembic runs: the migrations, in the transaction it was handed."""

from alembic import context

# A table of its own: the shop's database may have Alembic's usual one already.
context.configure(connection=context.config.attributes["connection"], version_table="live_version")
with context.begin_transaction():
    context.run_migrations()
