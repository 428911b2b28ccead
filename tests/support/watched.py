"""A service with a slice that fails in every way, as a user would write one."""

from tests.support.custom import write_slices
from tests.support.project import Project
from tests.support.rendering import Render

ANSWERS = {"auth": "none", "project_name": "Watched Service", "tracing": True}

_SLICE = '''"""Endpoints that fail."""

import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException, Request
from sqlalchemy import text

from slipway_kit.fastapi.session import SessionDep

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    if "FAIL_AT_START" in os.environ:
        raise RuntimeError("it cannot start")
    yield


router = APIRouter(prefix="/faults", lifespan=lifespan)


@router.post("/raised/{number}")
async def raised(number: int, request: Request) -> None:
    request.state.user_id = f"user-{number}"
    held = (await request.body()).decode() + str(request.headers) + str(request.query_params)
    raise RuntimeError(f"it broke at {len(held)}")


@router.get("/quoted")
async def quoted(token: str) -> None:
    raise ValueError(f"no token={token} at postgresql://me:{token}@db/x?password={token}")


@router.get("/thread")
def in_thread() -> None:
    raise RuntimeError("it broke in a thread")


@router.get("/background")
async def in_background(tasks: BackgroundTasks) -> str:
    def fail() -> None:
        raise RuntimeError("it broke in the background")

    tasks.add_task(fail)
    return "done"


@router.get("/logged")
async def logged(token: str) -> str:
    logger.info("a step with token=%s", token, extra={"password": token})
    logger.error("it went wrong with token=%s", token)
    return "done"


@router.get("/busy")
async def busy() -> None:
    time.sleep(0.2)  # long enough to be looked at several times


@router.get("/refused/{status}")
async def refused(status: int) -> None:
    raise HTTPException(status)


@router.get("/queried")
async def queried(session: SessionDep) -> str:
    await session.execute(text("SELECT :value"), {"value": "a-parameter"})
    return "done"


@router.get("/unqueryable")
async def unqueryable(session: SessionDep) -> None:
    await session.execute(text("SELECT * FROM nothing_of_that_name"))
'''

_SLICES = '''"""The slices of this service."""

from fastapi import APIRouter

from .faults.endpoints import router as faults

ROUTERS: tuple[APIRouter, ...] = (faults,)
'''


def watched_service(rendered: Render) -> Project:
    """Return an installed and migrated service that reports and traces, and has a failing slice."""
    project = rendered(ANSWERS)
    if (project.path / ".venv").exists():
        return project
    package = project.path / "src" / project.answers["package_name"]
    (package / "faults").mkdir()
    (package / "faults" / "__init__.py").write_text("")
    (package / "faults" / "endpoints.py").write_text(_SLICE)
    write_slices(package, _SLICES)
    project.make("install")
    project.make("migrate")
    return project
