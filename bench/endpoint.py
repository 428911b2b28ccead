"""The endpoint that every subject of bench.stack serves; the rendered service gets it as a slice.

Read in the rendered service's environment, which has FastAPI, and copied into its package.
"""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()


class Reading(BaseModel):
    """A small answer."""

    sensor_id: int
    name: str
    value: float
    tags: list[str]


@router.get("/readings/{sensor_id}")
async def read_sensor(sensor_id: int) -> Reading:
    """Return what a sensor measured."""
    return Reading(sensor_id=sensor_id, name="outdoor", value=21.5, tags=["roof", "north"])
