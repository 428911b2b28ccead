"""Lists in pages."""

from .core.pages import Page, PageQuery

__all__ = ["Page", "PageQuery"]
