"""Marks views that every client may call, with or without an account.

Where the service has accounts, it starts only if each view has a mark or asks for a user.
"""

MARK = "login_required"
"""The attribute that Django's own `login_not_required` sets, too."""
OWN_MARK = "is_public"
"""The attribute of what public() has marked, and nothing else has."""


def public[Target](target: Target) -> Target:
    """Mark as public: a view, a path(), or an application of ASGI in custom.py.

    path("prices", public(TemplateView.as_view(template_name="prices.html")))
    public(path("wiki/", include("wiki.urls")))
    """
    setattr(target, MARK, False)
    setattr(target, OWN_MARK, True)
    return target
