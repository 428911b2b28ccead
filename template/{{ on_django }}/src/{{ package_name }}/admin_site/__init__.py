"""Django's admin site, for administrators."""
