"""One module a page. `ROUTERS` are those that the application includes."""

from report_api.portal.pages import (
    customer_files,
    customers,
    halo_psa,
    halo_reading,
    licence_files,
    licences,
    sign_in,
)

ROUTERS = (
    sign_in.anyone,
    sign_in.router,
    halo_psa.landing,
    halo_psa.router,
    halo_reading.router,
    customers.router,
    customer_files.router,
    licences.router,
    licence_files.router,
)
