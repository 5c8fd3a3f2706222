"""What the pages call the roles."""

from collections.abc import Mapping

from halosync.domain.roles import Role

ROLES: Mapping[Role, str] = {
    Role.VIEWER: "Viewer: sees everything, changes nothing",
    Role.BILLER: "Biller: also links, previews, syncs and approves",
    Role.ADMIN: "Admin: also connects Halo, changes settings, API keys and people",
}
"""For choosing among them."""
