"""FastAPI as its documentation writes a larger application: a router, and a dependency of all."""

from fastapi import Depends, FastAPI

from bench.endpoint import router


async def allow() -> None:
    """Stand for what an application asks before each endpoint."""


app = FastAPI(dependencies=[Depends(allow)])
app.include_router(router, prefix="/api/v1")
