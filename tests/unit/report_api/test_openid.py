"""Which ID tokens are believed (OpenID Connect Core 1.0, 3.1.3.7), and which settings."""

import time
from typing import Any

import pytest
from devstack.fields import Fields
from devstack.ports import free_port
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey
from report_api.openid import OpenId, _verified
from report_api.ports import SignInAttempt, SignInRefusedError, SignInUnavailableError

BACK = "https://converge.example/sign-in/openid/return"
ATTEMPT = SignInAttempt("s-1", "n-1", "v" * 43)
ISSUER, CLIENT, SECRET, NONCE = "https://login.example", "halosync", "s3cret-" * 8, "n-1"
KEY, OTHER = (RSAKey.generate_key(2048, {"kid": "1"}) for _ in range(2))


def provider(**told: object) -> OpenId:
    """A provider whose keys and description are known; at its token endpoint nobody listens."""
    made = OpenId(ISSUER, CLIENT, SECRET)
    described = {"issuer": ISSUER, "token_endpoint": f"http://127.0.0.1:{free_port()}/token", **told}
    made._metadata, made._keys, made._good_until = described, KeySet([KEY]), float("inf")
    return made


def token(key: Any = KEY, algorithm: str = "RS256", **changed: str) -> Fields:
    """An answer of the token endpoint; a claim of None is left out."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300, "nonce": NONCE, **changed}
    given = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": algorithm, "kid": "1"}
    return {"id_token": jwt.encode(header, given, key, algorithms=[algorithm]), "access_token": "a"}


async def test_a_token_for_us_and_this_attempt_is_believed() -> None:
    claims = await provider()._claims(token(email="anna@acme.example"), NONCE)
    assert claims["email"] == "anna@acme.example"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": [CLIENT, "another-client"], "azp": "another-client"},
        {"aud": None},
        {"nonce": "n-2"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"sub": None},
        {"at_hash": "wrong"},
        {"key": OTHER},
        {"key": OctKey.import_key(SECRET), "algorithm": "HS256"},
    ],
    ids=lambda changed: str(sorted(changed)),
)
async def test_a_token_of_others_for_others_or_too_old_is_not_believed(changed: Fields) -> None:
    with pytest.raises(JoseError):
        await provider()._claims(token(**changed), NONCE)


async def test_a_token_that_nobody_signed_is_not_believed() -> None:
    head, body, _ = token()["id_token"].split(".")
    del head
    unsigned = "eyJhbGciOiJub25lIn0." + body + "."
    with pytest.raises(JoseError):
        await provider()._claims({"id_token": unsigned, "access_token": "a"}, NONCE)


@pytest.mark.parametrize("verified", [True, "true"])
def test_a_verified_address_is_taken(verified: object) -> None:
    assert _verified({"email": "Anna@Acme.example", "email_verified": verified}) == "anna@acme.example"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "anna@acme.example", "email_verified": False},
        {"email": "anna@acme.example", "email_verified": None},
        {"email": "anna@acme.example", "email_verified": "false"},
        {"email": "no address", "email_verified": True},
    ],
)
def test_an_address_that_nobody_vouches_for_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(SignInRefusedError, match=r"does not confirm your e-mail address\. Ask whoever"):
        _verified(claims)


@pytest.mark.parametrize("claims", [{"email": "anna@acme.example"}, {"email_verified": True}])
def test_a_provider_that_does_not_say_it_is_told_what_to_send(claims: dict[str, object]) -> None:
    with pytest.raises(SignInRefusedError, match=r"Ask whoever runs it to send .*the claim email_verified"):
        _verified(claims)


SAYS_IT = {"authorization_response_iss_parameter_supported": True}


@pytest.mark.parametrize(
    ("told", "issuer"),
    [
        ({}, "https://other.example"),
        ({}, f"{ISSUER}/"),
        ({}, ISSUER.upper()),
        ({}, ""),
        (SAYS_IT, "https://other.example"),
        (SAYS_IT, None),
    ],
)
async def test_a_code_from_elsewhere_is_not_spent(told: dict[str, object], issuer: str | None) -> None:
    """The provider says who it is when it sends a browser back, or never does (RFC 9207, 2.4)."""
    with pytest.raises(SignInRefusedError, match="could not be confirmed"):
        await provider(**told).email(ATTEMPT, BACK, "c0de", issuer)


@pytest.mark.parametrize(
    ("told", "issuer"),
    [({}, None), ({"authorization_response_iss_parameter_supported": False}, None), ({}, ISSUER), (SAYS_IT, ISSUER)],
)
async def test_a_code_from_the_provider_is_exchanged(told: dict[str, object], issuer: str | None) -> None:
    with pytest.raises(SignInUnavailableError, match="ConnectError"):  # it came so far that it asked for the token
        await provider(**told).email(ATTEMPT, BACK, "c0de", issuer)
