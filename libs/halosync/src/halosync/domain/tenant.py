"""The name of a partner's Halo, as people type it, and the address that it stands for (spec section 9).

A tenant is a label (`acme` of acme.halopsa.com) or a whole host name (`acme.haloitsm.com`, `psa.msp.example`). Tokens
are sent to its host, so nothing is guessed: what is none of the known forms is refused.
"""

import re
from dataclasses import dataclass

MAIN_SUFFIX = "halopsa.com"
SUFFIXES = ("haloitsm.com", "haloservicedesk.com", "usehalo.com")
"""Halo's other domains (halo-api section 5)."""

MOST_CHARACTERS = 300
_MOST_HOST = 253
_SCHEME = "https://"
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_AFTER_HOST = re.compile(r"[/?#]")

_WHAT_TO_ENTER = (
    "Enter the name of your Halo, or its address as your browser shows it: acme, or https://acme.halopsa.com. "
    "The name has letters, digits and inner hyphens, at most 63."
)


class InvalidTenant(ValueError):
    """What was entered is no tenant; the message says what to enter."""


@dataclass(frozen=True, slots=True)
class HaloHosts:
    """Where Halo may be: the one place where a tenant becomes an address.

    Attributes:
        url_template: the address of a tenant that is a label, with `{tenant}` in it.
        suffixes: Halo's other domains; a host one label below is taken as that host.
        custom_hosts: patterns of partners' own domains that the operator allows: `psa.msp.example`, `*.msp.example` for
            every host below, `*` for every host.
        same_as: of such domains, which Halo the operator says each is: (`psa.msp.example`, `acme`). What they are
            compared by is in the database (`halo_of`), since all processes must agree on it.
    """

    url_template: str
    suffixes: tuple[str, ...] = SUFFIXES
    custom_hosts: tuple[str, ...] = ()
    same_as: tuple[tuple[str, str], ...] = ()

    def tenant_of(self, entered: str) -> str:
        """Return the tenant of a name, a host, or an address that was copied from a browser.

        Raises:
            InvalidTenant: it is none of them, or the host is not allowed.
        """
        host = _host(entered.strip())
        if host is None:
            raise InvalidTenant(_WHAT_TO_ENTER)
        if "." not in host:
            return host
        label, _, rest = host.partition(".")
        if rest == MAIN_SUFFIX:
            return label
        if not self._allows(host):
            raise InvalidTenant(
                f"{host} is not an address of Halo's own. {_WHAT_TO_ENTER} If your Halo has an address of your own "
                "company, ask Converge to allow it."
            )
        return host

    def url(self, tenant: str) -> str:
        """Return the address of a tenant, without a slash at the end.

        Raises:
            InvalidTenant: it is a host that is not allowed, or is no longer.
        """
        if "." not in tenant:
            return self.url_template.replace("{tenant}", tenant).rstrip("/")
        if not self._allows(tenant):
            raise InvalidTenant(f"the host {tenant} is not allowed")
        return f"{_SCHEME}{tenant}"

    def names_to_be_free(self, tenant: str, halo_tenant: str | None) -> tuple[str, ...]:
        """Return the tenants of which none may be another partner's, under any name, for this one to be connected.

        `halo_tenant` is the partner's free word. It counts against whoever says it, and only on a domain of the
        partner's own, which can be a second name of any Halo; it never takes a name from anybody else.
        """
        names = {tenant}
        if halo_tenant is not None and "." in tenant and not self._is_halos_own(tenant):
            try:
                names.add(self.tenant_of(halo_tenant))
            except InvalidTenant:
                names.add(halo_tenant.lower())
        return tuple(sorted(names))

    def client_page(self, tenant: str, client_id: int) -> str | None:
        """Return the address of a client's page in Halo, where its licences are; None if its host is not allowed.

        Halo has no address of a single licence that is known.
        """
        try:
            return f"{self.url(tenant)}/customers?clientid={client_id}"
        except InvalidTenant:
            return None

    def _allows(self, host: str) -> bool:
        if host == MAIN_SUFFIX or host.endswith(f".{MAIN_SUFFIX}"):
            return False  # one label below it is a name; deeper there is nothing
        if self._is_halos_own(host):
            return True
        is_address = host.rpartition(".")[2].isdigit()
        return not is_address and any(_matches(host, pattern) for pattern in self.custom_hosts)

    def _is_halos_own(self, host: str) -> bool:
        return host.partition(".")[2] in self.suffixes


def _host(text: str) -> str | None:
    """Return what is before the path, lower-case: one label or several; None if it is no host of an address."""
    # `isascii` comes before `lower`, which turns a few other letters (the Kelvin sign) into ASCII ones.
    if len(text) > MOST_CHARACTERS or not text.isascii() or not text.isprintable() or "\\" in text:
        return None
    lowered = text.lower()
    if lowered.startswith(_SCHEME):
        host = _AFTER_HOST.split(lowered.removeprefix(_SCHEME), maxsplit=1)[0]
        fits = "." in host
    else:
        host = lowered.removesuffix("/") if "." in lowered else lowered
        fits = True
    labels = host.split(".")
    return host if fits and len(host) <= _MOST_HOST and all(map(_LABEL.fullmatch, labels)) else None


def _matches(host: str, pattern: str) -> bool:
    return pattern in {"*", host} or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def is_host_pattern(pattern: str) -> bool:
    """Tell whether it is a host name of two labels or more, such a name after `*.`, or `*`."""
    labels = pattern.removeprefix("*.").split(".")
    return pattern == "*" or (len(labels) > 1 and all(map(_LABEL.fullmatch, labels)))


def custom_host(entry: str) -> tuple[str, str | None]:
    """Return the pattern of an entry of custom hosts, and which tenant it is if it says so (`psa.msp.example=acme`).

    Raises:
        ValueError: it is none; only a whole host name can be a tenant's.
    """
    pattern, says, tenant = entry.partition("=")
    host = _host(tenant)
    if not is_host_pattern(pattern) or (says and ("*" in pattern or host is None or host == pattern)):
        raise ValueError(f"{entry} is no host")
    return pattern, host
