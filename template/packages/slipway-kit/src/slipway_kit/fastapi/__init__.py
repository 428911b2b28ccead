"""What binds the kit to FastAPI."""
