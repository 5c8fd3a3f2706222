"""One module a page. `ROUTERS` are those that the application includes."""

from report_api.portal.pages import (
    audit,
    customer_files,
    customers,
    halo_psa,
    halo_reading,
    history,
    keys,
    licence_files,
    licences,
    preview,
    report,
    run,
    settings,
    sign_in,
    sync,
)

ROUTERS = (
    sign_in.anyone,
    sign_in.router,
    halo_psa.landing,
    halo_psa.router,
    report.router,
    preview.router,
    sync.router,
    halo_reading.router,
    customers.router,
    customer_files.router,
    licences.router,
    licence_files.router,
    history.router,
    run.router,
    settings.router,
    keys.router,
    audit.router,
)
