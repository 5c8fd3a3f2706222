"""From a distributor's invoice to the right software licences in HaloPSA: the library under the four services.

Imports only run downwards; the layers are in `docs/architecture.md` (architecture section "Layers").
"""
