"""Your own slices: the template writes this file once, and no update touches it.

A slice is a package of its own, with endpoints, schemas, service and models. List its router here:

    from .orders.endpoints import router as orders

    ROUTERS: tuple[APIRouter, ...] = (orders,)

They serve under /api/v1. Routers of further versions stand beside them (docs/a-second-version.md):

    VERSIONS: dict[str, tuple[APIRouter, ...]] = {"v2": (orders_v2,)}
"""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
VERSIONS: dict[str, tuple[APIRouter, ...]] = {}
