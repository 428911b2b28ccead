"""The root, health and configuration endpoints."""
