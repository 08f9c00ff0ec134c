"""What went wrong with Redis, in a few words that carry no password."""

import re
import ssl
from collections.abc import Iterator

from pipeline.sources.errors import redact

_PASSING = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""A server that dies in the middle of a handshake; not one that speaks another language."""
_WHERE_IN_SCRIPT = re.compile(
    r"\.? ?script: [0-9a-f]{40}, on @?user_script:\d+\.?$"
    r"|^Error running script \(call to f_[0-9a-f]{40}\): (@user_script: ?\d+: ?)*"
)
"""As Redis 7 and later, and as 6.2 say it."""
_PERMISSIONS = "check user, password and permissions (docs/redis.md)"


def show_address(url: str) -> str:
    """An address without user, password and options."""
    return redact(url).partition("?")[0]


def reason_of(error: BaseException) -> str:
    """Why a server cannot be reached: what the operating system says, where it was asked."""
    for cause in _chain(error):
        if isinstance(cause, TimeoutError):
            return "no TLS handshake" if "handshake" in str(cause) else "no answer"
        if isinstance(cause, OSError) and cause.strerror:
            return _lowered(cause.strerror)
    return _lowered(str(error))


def tls_fault_of(error: BaseException) -> str | None:
    """What is wrong with the keys and certificates of a connection with TLS, and what to do; None if that is not it."""
    for cause in _chain(error):
        match cause:
            case ssl.SSLCertVerificationError(verify_message=found):
                return f"its certificate is not trusted ({found}); rediss://...?ssl_ca_certs=FILE names who signed it"
            case FileNotFoundError() | IsADirectoryError() | PermissionError():
                return f"a file that the address names cannot be read ({_lowered(cause.strerror or 'not found')})"
            case ssl.SSLError(reason=reason) if reason and "CERTIFICATE_REQUIRED" in reason:
                return "it asks for a certificate of ours: rediss://...?ssl_certfile=FILE&ssl_keyfile=FILE"
            case ssl.SSLError(reason=reason) if not isinstance(cause, _PASSING) and "timed out" not in str(cause):
                return (reason or str(cause)).replace("_", " ").lower()
    return None


def refusal_of(error: BaseException) -> str:
    """What a server answers, without the number of the script it stood in, and without what it repeats of ours."""
    reported = " ".join(str(error).split())
    if reported.startswith("unknown command"):
        return f"{reported.partition(',')[0]}; Redis 6.2 or newer is needed"
    if reported.startswith("HELLO must be called"):
        return f"it asks for a password; {_PERMISSIONS}"
    if any(word in reported for word in ("password", "permission", "NOPERM", "can't run this command")):
        return f"{_lowered(_WHERE_IN_SCRIPT.sub('', reported))}; {_PERMISSIONS}"
    return _lowered(_WHERE_IN_SCRIPT.sub("", reported))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _lowered(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
