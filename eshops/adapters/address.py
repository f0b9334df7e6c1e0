"""An e-shop's address out of what staff paste."""

import re
from urllib.parse import urlsplit, urlunsplit

EVERYTHING = re.compile(r".*", re.DOTALL)


def base_address(pasted: str, beyond: re.Pattern[str]) -> str:
    """The address without query, password and the part of its path that `beyond` matches (pages of
    the administration, the API). Without a scheme https:// is meant; what is no address stays."""
    pasted = pasted.strip()
    try:
        parts = urlsplit(pasted if "://" in pasted else f"https://{pasted}")
    except ValueError:
        return pasted
    path = beyond.sub("", parts.path).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))
