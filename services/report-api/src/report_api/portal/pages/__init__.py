"""One module a page. `ROUTERS` are those that the application includes."""

from report_api.portal.pages import audit, halo_psa, history, keys, run, settings, sign_in, sync

ROUTERS = (
    sign_in.anyone,
    sign_in.router,
    halo_psa.landing,
    halo_psa.router,
    sync.router,
    history.router,
    run.router,
    settings.router,
    keys.router,
    audit.router,
)
