"""Django's admin site, for administrators and other staff."""
