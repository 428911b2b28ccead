"""Your own slices: the template writes this file once, and no update touches it.

A slice is a package of its own, with endpoints, schemas, service and models. List its router here:

    from .orders.endpoints import router as orders

    ROUTERS: tuple[APIRouter, ...] = (orders,)
"""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
