"""Thin ASGI adapters of core, one job each."""
