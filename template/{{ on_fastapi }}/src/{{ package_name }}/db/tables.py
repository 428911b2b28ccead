"""All tables, for the migrations to compare with the database: those of each `models.py`."""

from importlib import import_module
from pathlib import Path

from .models import Base

__all__ = ["Base"]

_PACKAGE = Path(__file__).parents[1]

for _models in sorted(_PACKAGE.rglob("models.py")):
    _parts = _models.relative_to(_PACKAGE).with_suffix("").parts
    import_module(".".join((__name__.partition(".")[0], *_parts)))
