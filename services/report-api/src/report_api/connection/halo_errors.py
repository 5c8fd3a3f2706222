"""What each of Halo's own error pages means at the log-in, for who is stranded on one (halo-api sections 1 and 5)."""

from collections.abc import Mapping

HALO_ERRORS: Mapping[str, str] = {
    "invalid_client, or the application is not known": (
        "The client ID is not the one of the saved application. Open the application in Halo again, copy the Client "
        "ID, and enter it here."
    ),
    "redirect_uri, or the redirect URL is not valid": (
        "The Login Redirect URL in Halo differs from the one in step 1. It must be the same to the last character, "
        "with the slash at the end."
    ),
    "invalid_scope": "Not all permissions of step 1 are ticked in Halo. Tick them, save, and press Connect again.",
    "unauthorized_client, or the grant type is not allowed": (
        "The authentication method in Halo is another one. Choose the one of step 1, and leave the secret empty."
    ),
    "Server error (500), or a question for a tenant": (
        "Halo does not know the tenant under this address. Check it. If your Halo has an address of its own, enter "
        "its name in Halo too."
    ),
    "The page cannot be reached, or is not secure": (
        "There is no Halo at this address. Copy the address from the browser in which you use Halo."
    ),
    "A portal for customers instead of Halo": (
        "The Login Type in Halo is not Agent. Change it, save, and press Connect again."
    ),
}
"""What Halo shows, in its words or ours, and what to do."""
