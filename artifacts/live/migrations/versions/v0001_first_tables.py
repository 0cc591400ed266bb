"""The first tables."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY_BYTES = 32


def upgrade() -> None:
    """Make the tables, and the key of the erasures' digests."""
    state = op.create_table(
        "live_state",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("erasure_key", sa.LargeBinary, nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "seq": 0, "erasure_key": secrets.token_bytes(KEY_BYTES)}])
    _create_events()
    op.create_table(
        "live_items",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("available", sa.Boolean),
        sa.Column("price", sa.Double),
        sa.Column("title", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("image_url", sa.Text),
        sa.Column("product_url", sa.Text),
        sa.Column("changed", sa.Double, nullable=False),
    )
    op.create_index("ix_live_items_seq", "live_items", ["seq"])
    op.create_table(
        "live_preferences",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("personalized", sa.Boolean, nullable=False),
        sa.Column("changed", sa.Double, nullable=False),
    )
    op.create_table(
        "live_erasures",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
    )


def _create_events() -> None:
    op.create_table(
        "live_events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("weight_class", sa.SmallInteger, nullable=False),
        sa.Column("user_id", sa.Text),
        sa.Column("session_id", sa.Text),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("quantity", sa.Double),
        sa.Column("price", sa.Double),
        sa.Column("request_id", sa.Text),
        sa.Column("received", sa.Double, nullable=False),
    )
    for owner in ("user", "session"):
        owned = sa.text(f"{owner}_id IS NOT NULL")
        op.create_index(
            f"live_events_of_{owner}",
            "live_events",
            [f"{owner}_id", "weight_class", "seq"],
            sqlite_where=owned,
            postgresql_where=owned,
        )
