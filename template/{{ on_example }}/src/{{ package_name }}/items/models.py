"""The items table."""

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..db.models import Base, Timestamps


class Item(Timestamps, Base):
    """A thing that is kept in stock."""

    __tablename__ = "items"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a deleted item's number is not given again

    # SQLite counts up by itself only for a column of the type INTEGER.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    description: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int]
