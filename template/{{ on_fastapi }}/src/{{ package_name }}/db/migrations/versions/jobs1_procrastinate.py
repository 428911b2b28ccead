"""The tables of jobs: Procrastinate's own migrations, up to one that stays the same.

A later version of the package brings further ones, and `tests/test_job_tables.py` fails: then a
migration like this one runs those from here on (docs/jobs.md).
"""

from alembic import op
from procrastinate.schema import migrations_path

revision = "jobs1"
down_revision = None
branch_labels = ("jobs",)
depends_on = None

AFTER = ""
NEWEST = "03.04.00_50_post_add_retry_failed_job_procedure.sql"

_DONE = "SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')"
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
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    # Each file has a transaction of its own: up to PostgreSQL 16 none can use a value that it adds
    # to an enumeration. A comment tells an attempt after an interrupted one where to go on.
    with bind.engine.connect() as connection:
        done = connection.exec_driver_sql(_DONE).scalar() or AFTER
        for path in sorted(migrations_path.glob("*.sql")):
            if done < path.name <= NEWEST:
                # The driver takes several statements at once only without parameters.
                connection.connection.cursor().execute(path.read_text(encoding="utf-8"))
                connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{path.name}'")
                connection.commit()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().connection.cursor().execute(_DROP)
