"""The owner of an item; items older than accounts have none."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = "accounts1"

_KWARGS = {"sqlite_autoincrement": True}


@contextmanager
def _numbers_kept() -> Iterator[None]:
    """SQLite makes the table anew; a deleted item's number is still not to be given again."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        yield
        return
    last = bind.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'items'"))
    yield
    if last is not None:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'items'")
        keep = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('items', :last)")
        bind.execute(keep, {"last": last})


def upgrade() -> None:
    with _numbers_kept(), op.batch_alter_table("items", table_kwargs=_KWARGS) as items:
        items.add_column(sa.Column("owner_id", sa.Uuid(), nullable=True))
        items.create_foreign_key("fk_items_owner_id_users", "users", ["owner_id"], ["id"])
        items.drop_constraint("uq_items_name", type_="unique")
        items.create_unique_constraint("uq_items_owner_id_name", ["owner_id", "name"])


def downgrade() -> None:
    # Looked for first: SQLite keeps what a failed change of a table has begun.
    twice = "SELECT name FROM items GROUP BY name HAVING count(*) > 1"
    if op.get_bind().execute(sa.text(twice)).first() is not None:
        raise RuntimeError("Items of several owners have one name: rename them, then downgrade.")
    with _numbers_kept(), op.batch_alter_table("items", table_kwargs=_KWARGS) as items:
        items.drop_constraint("uq_items_owner_id_name", type_="unique")
        items.create_unique_constraint("uq_items_name", ["name"])
        items.drop_constraint("fk_items_owner_id_users", type_="foreignkey")
        items.drop_column("owner_id")
