"""What a documentation page is made of: files of an installed package, and how it starts."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.metadata import distribution
from pathlib import Path
from string import Template

from ..headers import Sources

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# URLs are relative to /docs, so that they work behind any prefix that a proxy removes.
_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="icon" href="data:,">
<style nonce="$nonce">body { margin: 0 }</style>
$head
</head>
<body>
<div id="docs"></div>
<script nonce="$nonce">$prepare</script>
<script nonce="$nonce" src="$script"></script>
<script nonce="$nonce">$start</script>
</body>
</html>
""")

STYLES_GET_THE_NONCE = """const nonce = document.currentScript.nonce;
const createElement = document.createElement;
document.createElement = function (...given) {
  const element = createElement.apply(this, given);
  if (element.localName === "style") element.nonce = nonce;
  return element;
};
"""
"""For an interface that makes style elements while it runs: they may do what its script may."""


@dataclass(frozen=True)
class Interface:
    """A documentation interface.

    Attributes:
        package: The installed distribution that carries its files; none of its code is run.
        files: What is served, and nothing else: names to paths within the distribution.
        script: The one of them that draws the page.
        start: JavaScript that draws the page into the element `docs`, from openapi.json.
        sources: What the page's policy has to allow beyond its scripts and requests to the service;
            `$nonce` is filled in.
        head: Lines for the page's head, where `$nonce` and `$assets` are filled in.
        prepare: JavaScript that has to run before the script.
        replaced: Texts of the files, and what stands in their place: other hosts' addresses.
    """

    package: str
    files: Mapping[str, str]
    script: str
    start: str
    sources: Sources
    head: str = ""
    prepare: str = ""
    replaced: tuple[tuple[str, str], ...] = ()

    @property
    def release(self) -> str:
        """The version of its files; it stands in their addresses, so that they never change."""
        return distribution(self.package).version

    def path(self, name: str) -> Path:
        """Return where a file is installed."""
        return Path(str(distribution(self.package).locate_file(self.files[name])))

    def page(self, title: str, nonce: str) -> str:
        """Return the page, in which only what bears the nonce runs."""
        assets = f"docs/assets/{self.release}/"
        return _PAGE.substitute(
            title=escape(title),
            nonce=nonce,
            head=Template(self.head).substitute(nonce=nonce, assets=assets),
            prepare=self.prepare,
            script=assets + self.script,
            start=self.start,
        )

    def policy_sources(self, nonce: str) -> Sources:
        """Return what the page may load and run, for its Content-Security-Policy."""
        needs = {k: Template(v).substitute(nonce=nonce) for k, v in self.sources.items()}
        return {
            "default-src": "'none'",
            "script-src": f"'nonce-{nonce}'",
            "connect-src": "'self'",
            "img-src": "'self' data:",
            **needs,
        }


@cache
def content(path: Path, *, compressed: bool, replaced: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return a file's bytes, cached from the first request on: compressing is slow."""
    plain = path.read_bytes()
    for text, other in replaced:
        plain = plain.replace(text.encode(), other.encode())
    return gzip.compress(plain, compresslevel=5, mtime=0) if compressed else plain
