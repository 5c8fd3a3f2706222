"""The variables of the environment, and of a `.env` file, that settings are read from (spec section 13).

What stands around a value is no part of it, an empty value is an unset one, and `HALOSYNC_X_FILE` names a file that has
the value of `HALOSYNC_X`: that is how a secret comes to a container. The environment wins over the `.env` file. The
password of a URL can be given beside it, as it is: `HALOSYNC_DATABASE_PASSWORD`.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote

from dotenv import dotenv_values
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from halosync.runtime.setting_names import NAMES, URL_PASSWORDS

PREFIX = "HALOSYNC_"
_FILE = "_FILE"
_DEVSTACK = "HALOSYNC_DEVSTACK_"
_DOT_ENV = Path(".env")
_KNOWN = NAMES | URL_PASSWORDS.keys()


class WrongVariableError(ValueError):
    """A variable cannot be read; the text names it and says what to do."""


def variables() -> dict[str, str]:
    """Return the values by their variables' full names.

    Raises:
        WrongVariableError: a file cannot be read, a value and its file are both given, or a password fits no URL.
    """
    found = {**_values(_dot_env()), **_values(os.environ)}
    for of_url, url in URL_PASSWORDS.items():
        password = found.pop(PREFIX + of_url, None)
        if password and PREFIX + url in found:
            found[PREFIX + url] = _with_password(found[PREFIX + url], password, url, of_url)
    return found


def _with_password(url: str, password: str, name: str, of_url: str) -> str:
    """Return `url` with the password in it, written as a URL writes it."""
    scheme, slashes, rest = url.partition("://")
    user, at, place = rest.partition("@")
    if not (slashes and user and at) or ":" in user or "/" in user:
        raise WrongVariableError(
            f"{PREFIX}{name}: with {PREFIX}{of_url} it has to name a user and no password: scheme://user@host"
        )
    return f"{scheme}://{user}:{quote(password, safe='')}@{place}"


def unknown_names() -> list[str]:
    """Return a sentence for each variable with our prefix that nothing reads: mostly a typing error."""
    given = {name.upper() for name in (*os.environ, *_dot_env()) if name.upper().startswith(PREFIX)}
    bare = sorted(name.removeprefix(PREFIX) for name in given if not name.startswith(_DEVSTACK))
    return [_unknown(name) for name in bare if name.removesuffix(_FILE) not in _KNOWN]


def _unknown(name: str) -> str:
    meant = get_close_matches(name, sorted(_KNOWN), n=1)
    hint = f"; did you mean {PREFIX}{meant[0]}?" if meant else "; docs/settings.md lists the settings"
    return f"{PREFIX}{name}: there is no setting of this name, so it changes nothing{hint}"


def _dot_env() -> Mapping[str, str | None]:
    try:
        return dotenv_values(_DOT_ENV, encoding="utf-8") if _DOT_ENV.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise WrongVariableError(f"the file {_DOT_ENV.absolute()} cannot be read: {_why(error)}") from None


def _values(given: Mapping[str, str | None]) -> dict[str, str]:
    """Return what is set, files read."""
    stripped = {name.upper(): (value or "").strip() for name, value in given.items()}
    told = {name: value for name, value in stripped.items() if value and name.startswith(PREFIX)}
    found = {}
    for name, value in told.items():
        plain = name.removesuffix(_FILE)
        if plain == name or plain.removeprefix(PREFIX) not in _KNOWN:
            found[name] = value
        elif plain in told:
            raise WrongVariableError(f"{plain}: it is set, and {name} too; set one of the two")
        else:
            found[plain] = _content(name, value)
    return {name: value for name, value in found.items() if value}


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongVariableError(f"{name}: the file {path} cannot be read: {_why(error)}") from None


def _why(error: OSError | UnicodeDecodeError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8 text"


class _Variables(EnvSettingsSource):
    """What pydantic reads settings from."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in variables().items()}


class EnvironmentSettings(BaseSettings):
    """Settings that are read from our variables, whatever the process; each class names those that it needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read our variables only; what a test passes comes first."""
        del env_settings, dotenv_settings, file_secret_settings
        return init_settings, _Variables(settings_cls)
