"""One module a page. `ROUTERS` are those that the application includes."""

from report_api.portal.pages import (
    audit,
    customers,
    halo_psa,
    halo_reading,
    history,
    keys,
    licences,
    link_files,
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
    link_files.file_pages(link_files.CUSTOMERS),
    licences.router,
    link_files.file_pages(link_files.LICENCES),
    history.router,
    run.router,
    settings.router,
    keys.router,
    audit.router,
)
