"""Which page follows one that has come, where its rows alone tell: so it can be asked for before they are kept."""

from collections.abc import Sequence

from halosync.domain.completeness import IncompleteReadError, Next, Pages, ReadPage, after_page


def page_ahead(pages: Pages, record_count: int, ids: Sequence[int]) -> Pages | None:
    """Return what will be known after a page if all of its rows are new that can be; None where that may end the list.

    A page too many would cost a request of the tenant's budget, so None too where anything is odd. Whether the list is
    complete is decided by `after_page` alone, when the rows are kept.

    Args:
        pages: what was known when the page was asked for.
        record_count: how many rows Halo says the list has.
        ids: of the page's rows, in Halo's order.
    """
    looks_through = pages.looked_through is not None
    if not looks_through and (pages.halved or not ids or ids[0] == pages.first_id):
        return None  # perhaps page 1 again, or the end
    known = max(pages.rows - pages.position, 0)
    new_rows = 0 if looks_through else max(len(ids) - known, 0)
    try:
        after, following = after_page(pages, ReadPage(record_count, ids, new_rows), most=pages.size, by_client=False)
    except IncompleteReadError:
        return None
    begins_anew = after.looked_through is not None and not looks_through  # not where the rows prove to be what is known
    return None if following is not Next.PAGE or begins_anew else after
