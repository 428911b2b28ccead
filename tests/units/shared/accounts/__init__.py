"""Tests of accounts that look below the API."""
