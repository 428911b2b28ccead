"""How the items table came to be what it is."""
