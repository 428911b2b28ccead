"""The Accept-Encoding header."""

import re

_REFUSAL = re.compile(r"q=0(\.0{0,3})?")


def accepts_gzip(accepted: str) -> bool:
    """Return whether an Accept-Encoding header names gzip, and not to refuse it.

    A weight of zero refuses (RFC 9110, 12.4.2). Any other will do, since nothing else is on offer.
    """
    for each in accepted.lower().split(","):
        coding, _, weight = each.partition(";")
        if coding.strip() == "gzip":
            return _REFUSAL.fullmatch(weight.strip()) is None
    return False
