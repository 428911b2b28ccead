"""The tables of jobs: Procrastinate's own migrations, up to one that stays the same.

A later version of the package brings further ones, and `tests/test_jobs.py` fails: then a migration
like this one runs those from here on (docs/jobs.md).
"""

from alembic import op
from procrastinate.schema import migrations_path

revision = "jobs1"
down_revision = None
branch_labels = ("jobs",)
depends_on = None

NEWEST = "03.04.00_50_post_add_retry_failed_job_procedure.sql"

_DROP = """
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs,
    procrastinate_workers CASCADE;
DO $$ DECLARE each regprocedure; BEGIN
    FOR each IN SELECT oid FROM pg_proc
        WHERE proname LIKE 'procrastinate\\_%' AND pronamespace = current_schema::regnamespace
    LOOP EXECUTE 'DROP ROUTINE ' || each; END LOOP;
END $$;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_status, procrastinate_job_event_type
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for path in sorted(migrations_path.glob("*.sql")):
            if path.name <= NEWEST:
                _execute(path.read_text(encoding="utf-8"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _execute(_DROP)


def _execute(statements: str) -> None:
    # The driver takes several statements at once only if there are no parameters, not even none.
    op.get_bind().connection.cursor().execute(statements)
