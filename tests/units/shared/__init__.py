"""Tests of what the template owns: teams do not get them."""
