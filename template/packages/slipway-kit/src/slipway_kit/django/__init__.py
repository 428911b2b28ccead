"""The kit for services on Django and its REST framework."""
