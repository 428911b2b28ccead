"""The names that migrations and Django's settings know."""

from slipway_kit.django.passwords import UNUSABLE, Argon2Hasher, PasswordField

__all__ = ["UNUSABLE", "Argon2Hasher", "PasswordField"]
