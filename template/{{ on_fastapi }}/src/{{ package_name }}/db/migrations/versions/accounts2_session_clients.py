"""Add the client and the User-Agent of the login to sessions."""

import sqlalchemy as sa
from alembic import op

revision = "accounts2"
down_revision = "accounts1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("client", sa.String(64), server_default="", nullable=False))
    op.add_column(
        "sessions", sa.Column("user_agent", sa.String(255), server_default="", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("sessions", "user_agent")
    op.drop_column("sessions", "client")
