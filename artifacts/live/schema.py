"""The live store's tables. What changes here needs a migration, and REVISION its number.

Times are Unix seconds. Every change takes the next number (`seq`) of one counter, in the transaction that makes it and
under that row's lock: who has seen all up to a number has missed nothing before it.
"""

import sqlalchemy as sa

REVISION = "0001"

METADATA = sa.MetaData()

VERSION = sa.Table("live_version", METADATA, sa.Column("version_num", sa.String(32), primary_key=True))

STATE = sa.Table(
    "live_state",
    METADATA,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("erasure_key", sa.LargeBinary, nullable=False),
)
"""One row: the last number given, and the key of the digests in `erasures`."""

EVENTS = sa.Table(
    "live_events",
    METADATA,
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
"""`weight_class` is what an event tells of tastes: 0 nothing (an impression), 1 a look, 2 an order; with it, a
thousand impressions in between cost a look-up nothing. `received` is the store's writer's clock."""

_of_user, _of_session = EVENTS.c.user_id.is_not(None), EVENTS.c.session_id.is_not(None)
sa.Index(
    "live_events_of_user",
    EVENTS.c.user_id,
    EVENTS.c.weight_class,
    EVENTS.c.seq,
    sqlite_where=_of_user,
    postgresql_where=_of_user,
)
sa.Index(
    "live_events_of_session",
    EVENTS.c.session_id,
    EVENTS.c.weight_class,
    EVENTS.c.seq,
    sqlite_where=_of_session,
    postgresql_where=_of_session,
)

ITEMS = sa.Table(
    "live_items",
    METADATA,
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, index=True),
    sa.Column("available", sa.Boolean),
    sa.Column("price", sa.Double),
    sa.Column("title", sa.Text),
    sa.Column("category", sa.Text),
    sa.Column("image_url", sa.Text),
    sa.Column("product_url", sa.Text),
    sa.Column("changed", sa.Double, nullable=False),
)
"""What the shop said of items; NULL where it said nothing, so that the model's catalogue counts."""

PREFERENCES = sa.Table(
    "live_preferences",
    METADATA,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("personalized", sa.Boolean, nullable=False),
    sa.Column("changed", sa.Double, nullable=False),
)

ERASURES = sa.Table(
    "live_erasures",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("time", sa.Double, nullable=False),
)
"""Who asked to be forgotten and when, without the id: `digest` is its keyed BLAKE2b under `live_state.erasure_key`."""
