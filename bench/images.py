"""Measure the images of the examples: how long a build takes, and how large what it makes is.

    python -m bench.images [--base IMAGE] [--write docs/performance.md]

Each image is built once cold, with no layer and no package kept from before, and then warm, after a
change in one source file. It needs a container engine that has or reaches the base images.
"""

import argparse
import os
import statistics
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bench.stack import written
from tests.support import containers
from tests.support.containers import docker
from tests.support.rendering import render
from tests.support.repository import clone_with_releases
from tools.questions import ROOT

EXAMPLES = ("windflow", "myhibachi", "phase2", "freshbytes")
WARM_BUILDS = 3
BEGIN = "<!-- measured: written by python -m bench.images -->"
CACHE = "--mount=type=cache,"


@dataclass
class Image:
    """An example's image.

    Attributes:
        example: The name of the example.
        framework: What it is made with.
        base: The image that it stands on.
        cold: The seconds of a build with nothing kept from before.
        warm: The seconds of each build after a change in the source.
        size: Its megabytes.
        base_size: Those of its base.
    """

    example: str
    framework: str
    base: str
    cold: float = 0
    warm: list[float] = field(default_factory=list)
    size: float = 0
    base_size: float = 0

    def row(self) -> str:
        """Return its row of the table."""
        cells = (
            *(self.example, self.framework),
            *(f"{self.cold:.0f}", f"{statistics.median(self.warm):.1f}"),
            *(f"{self.size:.0f}", f"{self.size - self.base_size:.0f}"),
        )
        return f"| {' | '.join(cells)} |"


def with_its_own_cache(dockerfile: str) -> str:
    """Return a Dockerfile whose caches nothing has filled yet.

    Raises:
        ValueError: It has no cache.
    """
    if CACHE not in dockerfile:
        raise ValueError("the Dockerfile has no cache that could be an empty one")
    return dockerfile.replace(CACHE, f"{CACHE}id={uuid.uuid4().hex},")


def table(images: Sequence[Image]) -> str:
    """Return the figures as a table."""
    return "\n".join(
        [
            "| image of | framework | cold, s | warm, s | size, MB | over its base, MB |",
            "|---|---|---|---|---|---|",
            *(image.row() for image in images),
        ]
    )


def measure(example: str, template: Path, folder: Path, base: str | None) -> Image:
    """Render an example and build its image, cold and warm; the image is removed again."""
    answers = yaml.safe_load((ROOT / "examples" / f"{example}.yml").read_text())
    project = render(template, folder / example, answers)
    dockerfile = project.path / "Dockerfile"
    dockerfile.write_text(with_its_own_cache(dockerfile.read_text()))
    own = f"python:{answers['python_version']}-slim-trixie"
    image = Image(example, answers["framework"], base or own)
    image.base_size = containers.megabytes(image.base)
    tag = f"slipway-bench-{example}"
    arguments = ["--build-arg=VERSION=1.2.3", f"--build-arg=PYTHON_IMAGE={image.base}"]
    try:
        image.cold = containers.build(project.path, tag, "--no-cache", *arguments)
        image.size = containers.megabytes(tag)
        about = project.path / "src" / project.answers["package_name"] / "about.py"
        for number in range(WARM_BUILDS):
            about.write_text(f"{about.read_text()}# Change {number}.\n")
            image.warm.append(containers.build(project.path, tag, *arguments))
    finally:
        docker("image", "rm", "--force", tag, check=False)
    return image


def describe_run(images: Sequence[Image], load: float) -> str:
    """Return a sentence on where and how it was measured."""
    engine = docker(
        "version", "--format", "{{(index .Server.Components 0).Name}} {{.Server.Version}}"
    )
    bases = ", ".join(
        f"{name} ({size:.0f} MB)"
        for name, size in sorted({(image.base, image.base_size) for image in images})
    )
    return (
        f"{engine.stdout.strip()}, {os.cpu_count()} CPUs with a load of {load:.1f} "
        f"before; on {bases}; warm: the median of {WARM_BUILDS}."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 2 if there is nothing to build with."""
    parser = argparse.ArgumentParser(prog="python -m bench.images", description=__doc__)
    parser.add_argument("--base", help="the base of all, where their own cannot be had")
    parser.add_argument("--quick", action="store_true", help="measure nothing: it takes minutes")
    parser.add_argument("--layers", action="store_true", help="for bench.stack; means nothing here")
    parser.add_argument("--write", type=Path, help="write the figures into this document")
    given = parser.parse_args(arguments)
    if given.quick:
        print("images: not built in a quick run")
        return 0
    if missing := containers.why_not():
        print(f"images cannot be built here: {missing}", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as temporary:
        folder = Path(temporary)
        template = clone_with_releases(folder / "template")
        images = [measure(example, template, folder, given.base) for example in EXAMPLES]
    block = f"{describe_run(images, load)}\n\n{table(images)}"
    print(block)
    if given.write:
        given.write.write_text(written(given.write.read_text(), block, BEGIN))
    return 0


if __name__ == "__main__":
    sys.exit(main())
