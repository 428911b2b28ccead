"""Lists in pages."""

from .core.pagination import Page, PageQuery

__all__ = ["Page", "PageQuery"]
