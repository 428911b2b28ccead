"""Scripts that an update runs when it crosses a release that needs them."""
