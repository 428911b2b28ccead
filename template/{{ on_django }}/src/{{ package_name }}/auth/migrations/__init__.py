"""The migrations of this part's tables."""
