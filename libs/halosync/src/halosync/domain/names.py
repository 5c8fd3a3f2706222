"""How names of customers, clients, products and licences are compared (spec section 3)."""

import unicodedata


def name_key(name: str) -> str:
    """Return what two names must share to count as the same name.

    Unicode NFKC, trimmed, white space collapsed, case folded (spec section 3). NFKC is applied a second time
    because case folding can leave a string that is not normalised; so `name_key(name_key(x)) == name_key(x)`.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
