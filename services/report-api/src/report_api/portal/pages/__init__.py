"""One module a page. `ROUTERS` are those that the application includes."""

from report_api.portal.pages import audit, halo_psa, keys, settings, sign_in

ROUTERS = (
    sign_in.anyone,
    sign_in.router,
    halo_psa.landing,
    halo_psa.router,
    settings.router,
    keys.router,
    audit.router,
)
