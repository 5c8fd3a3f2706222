"""Writes, and the rows that answer them."""

from halosync.ports.licence_write import LicenceWrite

CREATE, OTHER_CREATE = LicenceWrite(7, name="P-1"), LicenceWrite(8, name="P-1")
