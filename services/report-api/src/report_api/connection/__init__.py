"""The connection to the partner's Halo: begun, tested, ended."""
