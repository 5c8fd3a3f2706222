"""From a distributor's invoice to the right software licences in HaloPSA: the library under the four services.

Layers, imports only run downwards: cli > runtime > store | messaging | halo > observability > contracts | domain.
"""
