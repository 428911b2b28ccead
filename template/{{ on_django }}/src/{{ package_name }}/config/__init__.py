"""How Django is configured: its settings module, the root of the addresses, and the ASGI entry."""
