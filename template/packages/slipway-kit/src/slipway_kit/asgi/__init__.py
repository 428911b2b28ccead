"""The middlewares, pure ASGI, one job each; the service lists them in middleware/stack.py."""
