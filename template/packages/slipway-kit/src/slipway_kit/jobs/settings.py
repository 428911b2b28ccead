"""The settings of jobs."""

from typing import Annotated, Protocol, cast

from pydantic import Field

from ..settings_group import CsvTuple, SettingsGroup


class _Pool(Protocol):
    database_pool_size: int
    database_max_overflow: int


class JobSettings(SettingsGroup):
    """Jobs."""

    jobs_worker: Annotated[
        bool | None,
        Field(description="Run jobs in this process; unset: only on SQLite, and in `make worker`."),
    ] = None
    jobs_concurrency: Annotated[
        int, Field(description="Jobs that a worker process runs at the same time.", ge=1, le=1000)
    ] = 10
    jobs_queues: Annotated[
        CsvTuple, Field(description="Queues that workers serve, separated by commas; empty: all.")
    ] = ()
    jobs_schedules: Annotated[
        bool, Field(description="Enqueue scheduled jobs when they are due, in workers.")
    ] = True
    jobs_timeout: Annotated[
        float, Field(description="Seconds until an attempt of a job is ended, and retried.", gt=0)
    ] = 3600.0
    jobs_stalled_seconds: Annotated[
        float, Field(description="Seconds without a heartbeat until a worker's jobs rerun.", ge=3)
    ] = 30.0
    jobs_retention_days: Annotated[
        int, Field(description="Days for which failed jobs are kept.", ge=1)
    ] = 30

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        pool = cast("_Pool", self)  # the settings are of this group, too
        connections = pool.database_pool_size + pool.database_max_overflow
        if self.jobs_worker is False or self.jobs_concurrency < connections:
            return []
        issue = (
            f"JOBS_CONCURRENCY: is {self.jobs_concurrency}, not less than DATABASE_POOL_SIZE +"
            f" DATABASE_MAX_OVERFLOW, {connections}; JOBS_WORKER=false if this runs no jobs"
        )
        return [issue]
