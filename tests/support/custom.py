"""A team's code in slices.py and additions.py, as an update from before 1.0 leaves them."""

from pathlib import Path

from tests.support.edits import replace

_ROUTERS = """    from . import slices

    for version, routers in {"v1": slices.ROUTERS, **getattr(slices, "VERSIONS", {})}.items():
        for router in routers:
            app.include_router(router, prefix=f"/api/{version}")
"""
_NAMES = ("APPS", "URLS", "MIDDLEWARE", "SETTINGS")


def write_slices(package: Path, text: str) -> None:
    """Write slices.py, and have custom.py read it."""
    (package / "slices.py").write_text(text)
    custom = package / "custom.py"
    if "slices" in (written := custom.read_text()):
        return
    if "def extend(" in written:
        custom.write_text(f"{written}{_ROUTERS}")
        return
    for name in _NAMES:
        empty = "{}" if name in {"URLS", "SETTINGS"} else "()"
        start = written.index(f"{name}: ")
        line = written[start : written.index("\n", start)]
        replace(custom, line, line.replace(f"= {empty}", f'= getattr(slices, "{name}", {empty})'))
    _import(custom, "slices")


def write_additions(package: Path, text: str) -> None:
    """Write additions.py, and have custom.py read it."""
    (package / "additions.py").write_text(text)
    custom = package / "custom.py"
    if "additions" in custom.read_text():
        return
    replace(custom, "(SettingsGroup):", "(additions.OwnSettings, SettingsGroup):")
    replace(custom, "    return []\n", "    return additions.middleware(settings)\n")
    _import(custom, "additions")


def _import(custom: Path, module: str) -> None:
    text = custom.read_text()
    last = [line for line in text.splitlines() if line.startswith("from slipway_kit.")][-1]
    for known in ("additions", "slices"):
        line = f"\nfrom . import {known}\n"  # not the one inside of extend
        if line in text:
            both = ", ".join(sorted({known, module}))
            replace(custom, line, f"\nfrom . import {both}\n")
            return
    replace(custom, last, f"{last}\n\nfrom . import {module}")
