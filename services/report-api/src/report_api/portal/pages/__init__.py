"""One module a page. `ROUTERS` are those that the application includes."""

from report_api.portal.pages import halo_psa, sign_in

ROUTERS = (sign_in.anyone, sign_in.router, halo_psa.landing, halo_psa.router)
