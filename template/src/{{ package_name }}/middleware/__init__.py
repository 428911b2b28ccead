"""The order of the middlewares."""
