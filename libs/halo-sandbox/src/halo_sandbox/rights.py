"""Who may do what: the token's scopes and the agent's permissions (halo-api sections 1 and 4)."""

from halo_sandbox import scopes
from halo_sandbox.exchange import Exchange, RefusedError


def require(exchange: Exchange, scope: str) -> None:
    """Let only a valid token pass that was granted the scope.

    Raises:
        RefusedError: 401 for a token that is missing, expired or revoked, and for a scope that was not granted.
    """
    scheme, _, token = exchange.headers.get("authorization", "").partition(" ")
    rights = exchange.tenant.tokens.rights(token.strip()) if scheme.lower() == "bearer" else None
    if rights is None:
        raise RefusedError(401, {"Message": "Authorization has been denied for this request."})
    if not scopes.allows(scopes.granted(rights, exchange.tenant.settings.granted_scopes), scope):
        raise RefusedError(401, {"Message": f"The scope {scope} was not granted."})


def require_edit(exchange: Exchange) -> None:
    """Let only those pass who may change licences.

    Raises:
        RefusedError: 401 as `require`; 403 when the agent may not.
    """
    require(exchange, scopes.EDIT_LICENCES)
    if not exchange.tenant.settings.agent_edits:
        raise RefusedError(403, {"Message": "You do not have permission to edit software licences."})


def require_visible(exchange: Exchange, row_id: int) -> None:
    """Let only agents pass who may see this client or licence.

    Raises:
        RefusedError: 403.
    """
    if not exchange.tenant.agent_sees(row_id):
        raise RefusedError(403, {"Message": "You do not have permission to view this record."})
