"""Print the variants as a job matrix, for a workflow that runs each in a job of its own."""

import json

from tests.support.variants import variants


def matrix() -> dict[str, list[dict[str, str]]]:
    """Return a matrix in GitHub's form: a name and a Python for each variant."""
    return {
        "include": [
            {"variant": name, "python": str(answers["python_version"])}
            for name, answers in variants().items()
        ]
    }


if __name__ == "__main__":
    print(json.dumps(matrix()))
