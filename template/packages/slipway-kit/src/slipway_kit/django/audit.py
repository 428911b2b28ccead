"""What Django's final settings must keep, whoever sets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import django
from django.conf import LazySettings, settings
from django.core.checks import run_checks
from pydantic import SecretStr, TypeAdapter, ValidationError

from ..settings import ServiceSettings

_BACKENDS = ("BACKEND", "ENGINE")
_LISTS = {
    "INSTALLED_APPS": "name yours in APPS of custom.py",
    "MIDDLEWARE": "name yours in MIDDLEWARE of custom.py",
    "AUTHENTICATION_BACKENDS": "logins need it; name yours beside it",
    "PASSWORD_HASHERS": "stored passwords may need it; name yours beside it",
    "AUTH_PASSWORD_VALIDATORS": "passwords would have no rule; name yours beside it",
}
_CLASSES = {
    "DEFAULT_AUTHENTICATION_CLASSES": "no token would be read; name yours beside it",
    "DEFAULT_PERMISSION_CLASSES": "views would be open; one that is says so by permission_classes",
    "DEFAULT_THROTTLE_CLASSES": "views would lose their limits; name yours beside it",
}
_VALUES = {
    "DEBUG_PROPAGATE_EXCEPTIONS": "errors would not be problems, nor be reported",
    "LOGGING_CONFIG": "log lines would not be redacted",
    "AUTH_USER_MODEL": "accounts would be gone",
}
_SAME_SITE = ("SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE")
_SECURE = ("SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "CSRF_COOKIE_SECURE")


def merged(ours: Any, given: Any) -> Any:
    """Return settings with those that were given in their place: of a dict, key by key.

    One that names another backend has that one's options, and takes the whole dict's place.
    """
    if not (isinstance(ours, Mapping) and isinstance(given, Mapping)):
        return given
    if any(name in given and given[name] != ours.get(name) for name in _BACKENDS):
        return given
    changed = {key: merged(ours[key], value) for key, value in given.items() if key in ours}
    return {**ours, **given, **changed}


def production_issues(
    ours: Mapping[str, Any],
    service: ServiceSettings,
    root: str,
    variables: Callable[[LazySettings], dict[str, SecretStr]],
) -> list[str]:
    """Return what must not be so in Django's final settings, a line each; empty is good.

    Args:
        ours: Django's settings as the service has them, before custom.py's.
        service: The service's own settings.
        root: The final ROOT_URLCONF as it is configured; a test may set another.
        variables: Returns the values that variables would have, were they what made the settings.
    """
    if no_dicts := [*_no_dicts(ours)]:
        return no_dicts  # the rest cannot be read
    found = [*_lost(ours)]
    if ours["ROOT_URLCONF"] != root:
        found.append("ROOT_URLCONF: must not change; name your routes in URLS of custom.py")
    if service.is_production:
        found += _insecure(ours)
        refused = _refused_in_variables(service, variables(settings))
        found += [f"Django's final {line}" for line in refused]
    return found


def app_issues() -> list[str]:
    """Return why the apps and URLs cannot be loaded, or what Django's checks find; [] is good."""
    try:
        django.setup()
        found = run_checks(databases=[])  # it connects to nothing
    except Exception as error:  # noqa: BLE001 -- a team's modules may raise anything
        return [" ".join(f"The apps do not load: {type(error).__name__}: {error}".split())]
    serious = [each for each in found if each.is_serious() and not each.is_silenced()]
    return [" ".join(f"{each.obj or 'Django'}: {each.msg} ({each.id})".split()) for each in serious]


def _no_dicts(ours: Mapping[str, Any]) -> Iterator[str]:
    for name, value in ours.items():
        if isinstance(value, Mapping) and not isinstance(getattr(settings, name), Mapping):
            yield f"{name}: must be a dict"


def _lost(ours: Mapping[str, Any]) -> Iterator[str]:
    if settings.LOGGING.get("disable_existing_loggers", True):
        yield "LOGGING disable_existing_loggers: must be False; the service's lines would be lost"
    for name, advice in _LISTS.items():
        yield from _missing(name, ours.get(name, ()), getattr(settings, name), advice)
    for name, why in _VALUES.items():
        if name in ours and getattr(settings, name) != ours[name]:
            yield f"{name}: must be {ours[name]}; {why}"
    for name in _SAME_SITE:
        if name in ours and getattr(settings, name) not in {"Lax", "Strict"}:
            yield f"{name}: must be Lax or Strict; other sites could use a login"
    hashers = ours.get("PASSWORD_HASHERS")
    if hashers and settings.PASSWORD_HASHERS[:1] != hashers[:1]:
        yield f"PASSWORD_HASHERS: must begin with {hashers[0]}, which hashes new passwords"
    yield from _lost_of_rest(ours)
    backends = settings.AUTHENTICATION_BACKENDS if "AUTHENTICATION_BACKENDS" in ours else ()
    if any(name.endswith("ModelBackend") for name in backends):
        yield "AUTHENTICATION_BACKENDS: ModelBackend lets people in past the API's rules"


def _lost_of_rest(ours: Mapping[str, Any]) -> Iterator[str]:
    rest = ours["REST_FRAMEWORK"]
    of_rest: Mapping[str, Any] = settings.REST_FRAMEWORK
    for name, advice in _CLASSES.items():
        yield from _missing(f"REST_FRAMEWORK {name}", rest[name], of_rest[name], advice)
    (renderer,) = rest["DEFAULT_RENDERER_CLASSES"]
    if [*(of_rest["DEFAULT_RENDERER_CLASSES"] or ())][:1] != [renderer]:
        yield f"REST_FRAMEWORK DEFAULT_RENDERER_CLASSES: must begin with {renderer}"
    if of_rest["EXCEPTION_HANDLER"] != rest["EXCEPTION_HANDLER"]:
        yield (
            f"REST_FRAMEWORK EXCEPTION_HANDLER: must be {rest['EXCEPTION_HANDLER']}; "
            "errors would not be problems"
        )
    if "AUTH_USER_MODEL" in ours and not of_rest.get("UNAUTHENTICATED_USER", True):
        yield (
            "REST_FRAMEWORK UNAUTHENTICATED_USER: must not be None; "
            "filter(owner=request.user) would find rows without an owner for everyone"
        )


def _missing(name: str, ours: Any, final: Any, advice: str) -> Iterator[str]:
    for each in ours:
        if each not in (final or ()):
            shown = each["NAME"] if isinstance(each, Mapping) else each
            yield f"{name}: lacks {shown}; {advice}"


def _insecure(ours: Mapping[str, Any]) -> Iterator[str]:
    if settings.DEBUG:
        yield "DEBUG: is on; its pages show settings and code"
    secure = [name for name in _SECURE if name in ours]
    yield from (f"{name}: is off" for name in secure if not getattr(settings, name))
    renderers: Any = settings.REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"]
    if any(name.endswith("BrowsableAPIRenderer") for name in renderers):
        yield "REST_FRAMEWORK DEFAULT_RENDERER_CLASSES: has the browsable API"


def _refused_in_variables(service: ServiceSettings, final: dict[str, SecretStr]) -> Iterator[str]:
    """Yield what the variables are refused for that these usually come from."""
    for name, value in final.items():
        field = type(service).model_fields[name]
        rule: Any = Annotated[field.annotation, *field.metadata]
        try:
            TypeAdapter(rule).validate_python(value)
        except ValidationError as error:
            yield f"{name.upper()}: {error.errors()[0]['msg'].removeprefix('Value error, ')}"
    if settings.DATABASES["default"]["ENGINE"].endswith(("sqlite3", "spatialite")):
        final = {**final, "database_url": SecretStr("sqlite:///service.db")}
    known = service.audit()
    yield from (line for line in service.model_copy(update=final).audit() if line not in known)
