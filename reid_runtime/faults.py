"""What a command line says of an error: which ones are the world's or the user's, and their one line."""

from passerby_events.errors import PasserbyError
from reid_runtime.extras import missing_extra

FAILED = PasserbyError.exit_code


def exit_code(error: Exception) -> int | None:
    """The exit code of an error that a user can mend; None for a fault of ours."""
    match error:
        case PasserbyError():
            return error.exit_code
        case ModuleNotFoundError() if missing_extra(error):
            return FAILED
        case OSError() | MemoryError():
            return FAILED
    return None


def in_one_line(error: Exception) -> str:
    """What such an error says, on one line."""
    if isinstance(error, ModuleNotFoundError) and (missing := missing_extra(error)):
        return missing
    if isinstance(error, OSError) and error.filename is not None:
        return f"cannot use {error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {' '.join(str(error).split()) or 'nothing says for what'}: ask for less at once"
    return " ".join(str(error).split())
