"""Lists in pages."""

from slipway_kit.pagination import Page, PageQuery

__all__ = ["Page", "PageQuery"]
