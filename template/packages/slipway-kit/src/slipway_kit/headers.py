"""Response headers that tell browsers to be careful, computed once from the settings."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field

from . import csp_reports
from .settings_group import CsvTuple, SettingsGroup

Headers = tuple[tuple[bytes, bytes], ...]
Sources = Mapping[str, str]
"""What a Content-Security-Policy allows: directives and their values."""

# OWASP, HTTP Headers Cheat Sheet and REST Security Cheat Sheet.
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_CLOSED = ("'none'",)
_SOURCE = re.compile(r"(?:(?![,;])[ -~])+")  # a semicolon would begin another directive


class FrameOptions(StrEnum):
    """Values of X-Frame-Options."""

    DENY = "DENY"
    SAMEORIGIN = "SAMEORIGIN"


class XssProtection(StrEnum):
    """The legacy filter of old browsers, which OWASP advises to switch off."""

    OFF = "0"
    BLOCK = "1; mode=block"


def _check_sources(values: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_SOURCE.fullmatch(value) for value in values):
        raise ValueError("must be sources, like 'self' or https://cdn.example.com")
    return values


Policy = Annotated[CsvTuple, AfterValidator(_check_sources)]


class HeaderSettings(SettingsGroup):
    """Security headers."""

    security_headers_enabled: Annotated[
        bool, Field(description="Send security headers; CSP and HSTS have switches of their own.")
    ] = True
    csp_enabled: Annotated[bool, Field(description="Send a Content-Security-Policy.")] = True
    csp_default_src: Annotated[
        Policy, Field(description="default-src of the API's responses: nothing, for they are data.")
    ] = _CLOSED
    csp_script_src: Annotated[
        Policy, Field(description="From where they may run scripts; empty: as CSP_DEFAULT_SRC.")
    ] = ()
    csp_style_src: Annotated[
        Policy, Field(description="From where they may take styles; empty: as CSP_DEFAULT_SRC.")
    ] = ()
    csp_img_src: Annotated[
        Policy, Field(description="From where they may take images; empty: as CSP_DEFAULT_SRC.")
    ] = ()
    csp_connect_src: Annotated[
        Policy, Field(description="Where their scripts may call; empty: as CSP_DEFAULT_SRC.")
    ] = ()
    csp_report_uri: Annotated[
        AnyHttpUrl | None, Field(description="Where browsers report violations of the policy.")
    ] = None
    csp_reports_enabled: Annotated[
        bool, Field(description="Log violations that browsers report to /csp-reports.")
    ] = False
    hsts_enabled: Annotated[
        bool, Field(description="Send Strict-Transport-Security in production.")
    ] = True
    hsts_max_age: Annotated[
        int, Field(description="Seconds for which browsers remember it.", ge=0)
    ] = 31536000
    frame_options: Annotated[
        FrameOptions, Field(description="X-Frame-Options: DENY or SAMEORIGIN.")
    ] = FrameOptions.DENY
    xss_protection: Annotated[
        XssProtection, Field(description="The legacy X-XSS-Protection: 0, or 1; mode=block.")
    ] = XssProtection.OFF


def api_headers(settings: HeaderSettings, *, production: bool) -> Headers:
    """Return the headers of every response of the API."""
    headers: dict[str, str] = {}
    if settings.security_headers_enabled:
        headers |= _ALWAYS
        headers["X-Frame-Options"] = settings.frame_options
        headers["X-XSS-Protection"] = settings.xss_protection
    if settings.csp_enabled:
        sources = {
            "default-src": settings.csp_default_src,
            "script-src": settings.csp_script_src,
            "style-src": settings.csp_style_src,
            "img-src": settings.csp_img_src,
            "connect-src": settings.csp_connect_src,
        }
        headers["Content-Security-Policy"] = _policy(
            settings, {name: " ".join(values) for name, values in sources.items() if values}
        )
    if settings.hsts_enabled and production:
        headers["Strict-Transport-Security"] = (
            f"max-age={settings.hsts_max_age}; includeSubDomains; preload"
        )
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


def page_policy(settings: HeaderSettings, sources: Sources) -> str | None:
    """Return the policy of a page that loads and runs something; None when policies are off."""
    return _policy(settings, sources) if settings.csp_enabled else None


def _policy(settings: HeaderSettings, sources: Sources) -> str:
    ancestors = "'self'" if settings.frame_options is FrameOptions.SAMEORIGIN else "'none'"
    directives = {
        **sources,
        "frame-ancestors": ancestors,
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if settings.csp_report_uri is not None:
        directives["report-uri"] = str(settings.csp_report_uri)
    elif settings.csp_reports_enabled:
        directives["report-uri"] = csp_reports.PATH
    return "; ".join(f"{name} {value}" for name, value in directives.items())
