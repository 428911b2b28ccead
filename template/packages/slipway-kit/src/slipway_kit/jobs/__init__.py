"""Background jobs: work that is stored with the data it belongs to, and done by workers."""

CONTEXT = "_context"
"""The argument that holds a request's context; the worker removes it before the task runs."""
PAUSE = "jobs.pause"
"""The task of a job that never runs: while it waits, its queue is paused."""
