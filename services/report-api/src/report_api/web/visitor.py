"""Who looks at a page, as pages and templates see it. Found by `report_api.access.session`."""

from dataclasses import dataclass

from halosync.domain.acts import Actor
from halosync.domain.roles import Role
from halosync.ports.sessions import PartnerHeader, Session

from report_api.web.forms import csrf_token


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser with a session. `token` is the session's secret: it is never shown or logged."""

    token: str
    session: Session

    def __repr__(self) -> str:
        """Leave the token out of tracebacks and logs."""
        return f"SignedIn({self.session!r})"

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit log and for runs."""
        return self.session.actor

    @property
    def is_operator(self) -> bool:
        """An operator sees all partners and picks one to act for."""
        return self.session.principal.is_operator

    @property
    def picks_partner(self) -> bool:
        """Whether there are several partners to pick one of."""
        return self.is_operator or len(self.session.principal.access) > 1

    @property
    def csrf(self) -> str:
        """What every form of this session carries."""
        return csrf_token(self.token)


@dataclass(frozen=True, slots=True, repr=False)
class Visitor(SignedIn):
    """Somebody who looks at a page of the partner that the session acts for."""

    partner: PartnerHeader
    role: Role

    def may(self, needed: str) -> bool:
        """Tell whether the visitor may do what needs this role here; templates ask before they offer it."""
        return self.role.may(Role(needed))

    @property
    def partner_id(self) -> str:
        """The partner of the page."""
        return self.partner.partner_id
