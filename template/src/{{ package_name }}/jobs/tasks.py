"""The schedules of jobs and backups."""

from slipway_kit.backups.jobs import add_verification
from slipway_kit.jobs.schedules import add_schedules

from .app import jobs

add_schedules(jobs)
add_verification(jobs, __package__.partition(".")[0])
