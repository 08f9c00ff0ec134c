"""What can go wrong with a camera, in words that carry no password."""

from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from passerby_events.errors import PasserbyError


class ErrorCode(StrEnum):
    """Why a source does not deliver: the label of the error counter."""

    AUTH = "auth"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    CLOSED = "closed"
    CODEC = "codec"
    CORRUPT = "corrupt"
    REGION = "region"
    OTHER = "other"


class SourceError(PasserbyError):
    """A source that does not deliver, or not all of it, and that waiting does not mend: its camera has failed.

    Raised without a cause and outside of `except`, because FFmpeg's own exceptions carry the URL with its password.

    Attributes:
        code: what went wrong, for counters and for the choice of the next wait.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type["SourceError"], tuple[ErrorCode, str]]:
        """As it goes from process to process."""
        return SourceError, (self.code, str(self))


def redact(url: str) -> str:
    """The URL without user, password, fragment, or any value of a `key=value` in its path or query.

    Some cameras want the password in the path (`/user=me&password=...`), so every value goes. A URL whose parts cannot
    be told apart for sure (an unescaped `@`, `/` or `#` in the password) is cut down to its scheme. What is not a URL
    comes back as it is: paths are no secrets.
    """
    if "://" not in url:
        return url
    try:
        split = urlsplit(url)
        host = _host(split)
    except ValueError:
        return f"{url.partition('://')[0]}://***"
    if "@" in split.path + split.query + split.fragment:
        return f"{split.scheme}://***"
    path = "/".join(_without_value(piece) for piece in split.path.split("/"))
    query = "&".join(_without_value(piece) for piece in split.query.split("&"))
    return f"{split.scheme}://{host}{path}" + (f"?{query}" if query else "")


def _host(split: SplitResult) -> str:
    """Host and port; ValueError if what stands for the port is no number, as when a password holds a slash."""
    host = split.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return host if split.port is None else f"{host}:{split.port}"


def _without_value(piece: str) -> str:
    key, equals, _ = piece.partition("=")
    return f"{key}=***" if equals else piece
