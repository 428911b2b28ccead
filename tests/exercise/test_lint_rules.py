"""What `make lint` finds in code that the framework's documentation teaches: nothing."""

import pytest

from tests.support.project import Project

PATH_PARAMETER_OF_A_DEPENDENCY = '''"""Orders of a shop."""

from typing import Annotated

from fastapi import APIRouter, Depends

from .shops import open_shop

router = APIRouter(prefix="/shops/{shop_id}")


@router.get("/orders/{order_id}", dependencies=[Depends(open_shop)])
async def read_shop(shop: Annotated[int, Depends(open_shop)]) -> int:
    """Read the shop of an order: the dependency takes both numbers."""
    return shop


@router.get("/open/{order_id}", dependencies=[Depends(open_shop)])
async def read_open() -> bool:
    """Tell whether the shop of an order is open."""
    return True
'''
MANY_DEPENDENCIES = '''"""Orders."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query

router = APIRouter()


def _depend() -> int:
    return 1


Dep = Annotated[int, Depends(_depend)]


@router.post("/orders")
async def create_order(
    session: Dep,
    user: Dep,
    cache: Dep,
    settings: Dep,
    page: Annotated[int, Query()] = 1,
    page_size: Annotated[int, Query()] = 20,
    if_match: Annotated[str, Header()] = "",
) -> int:
    """Add an order."""
    return session + user + cache + settings + page + page_size + len(if_match)
'''


@pytest.mark.parametrize(
    "module",
    [PATH_PARAMETER_OF_A_DEPENDENCY, MANY_DEPENDENCIES],
    ids=["path parameter of a dependency", "many dependencies"],
)
def test_ordinary_endpoints_pass_the_linter(service: Project, module: str) -> None:
    command = "uv", "run", "--frozen", "ruff", "check", "--stdin-filename", "src/my_service/o.py"

    checked = service.run(*command, "-", check=False, text=module)

    assert checked.returncode == 0, checked.stdout
