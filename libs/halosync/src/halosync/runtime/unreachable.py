"""What is said of a server that cannot be reached, by processes and by the command alike: where, why, which setting."""

from urllib.parse import unquote, urlsplit

from aiormq.exceptions import InvalidFrameError


def unreachable(server: str, variable: str, url: str, error: BaseException) -> str:
    """Return the sentence. The address is given without its password."""
    parts = urlsplit(url)
    where = f"{parts.netloc.rpartition('@')[2] or 'the usual place'}{parts.path}"
    why = _why(error)
    for password in (parts.password, unquote(parts.password or "")):
        why = why.replace(password, "***") if password else why
    return f"cannot reach {server} at {where}: {why}; is it running, and is {variable} right?"


def _why(error: BaseException) -> str:
    if isinstance(error, InvalidFrameError):  # what the library makes of a refusal to open the virtual host
        return "it has no such virtual host, or closes it to this user"
    text = str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"{text}; ?cafile=FILE in the address names the authority to trust"
    if "WRONG_VERSION_NUMBER" in text:
        return "that port speaks no TLS"
    return text
