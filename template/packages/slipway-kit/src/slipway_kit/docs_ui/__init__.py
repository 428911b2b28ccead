"""The documentation page at /docs; all that it loads comes from this service."""
