"""How many rows a planner asks Halo for in a page: as learnt for the tenant (spec section 9)."""

from functools import partial
from http import HTTPStatus

import structlog
from halosync.domain.completeness import Pages
from halosync.domain.page_size import PageSize, PageSizeBounds, after_answer, after_failure, first_size, fitted
from halosync.domain.retry import FailureClass
from halosync.ports.failures import HaloFailure, UnreadableRowError
from halosync.ports.reads import HaloList, PageSizes

log = structlog.get_logger(__name__)

_NOT_FOR_ITS_SIZE = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}


class PageSizing:
    """Chooses the size of the next page, and learns from what came of the last one."""

    def __init__(self, sizes: PageSizes, bounds: PageSizeBounds) -> None:
        self._sizes = sizes
        self.bounds = bounds

    async def known(self, tenant: str, what: HaloList) -> PageSize:
        """Return what is known of the size of the list's pages."""
        return first_size(await self._sizes.learnt(tenant, what), self.bounds)

    @staticmethod
    def before(known: PageSize, pages: Pages | None) -> Pages:
        """Return the pages with the size to ask for; None: nothing of the list was read."""
        return Pages(size=known.rows) if pages is None else fitted(pages, known)

    def ahead(self, known: PageSize, before: Pages, after: Pages, *, received: int, took_s: float) -> Pages:
        """Return the pages with the size that `before` will give once `came` has learnt from a page."""
        learnt = after_answer(known, before, after, received=received, took_s=took_s, bounds=self.bounds)
        return fitted(after, learnt)

    async def came(
        self,
        tenant: str,
        what: HaloList,
        known: PageSize,
        before: Pages,
        after: Pages,
        *,
        received: int,
        took_s: float,
    ) -> PageSize:
        """Learn from a page of `received` rows that took `took_s` seconds; return what is known now.

        `known` is what the page before told. Where this one tells something else it may be out of date: other runs of
        the tenant learn too, and what a failure has taught one of them is not to be forgotten.
        """
        learn = partial(after_answer, before=before, after=after, received=received, took_s=took_s, bounds=self.bounds)
        if learn(known) == known:
            return known
        now = await self.known(tenant, what)
        learnt = learn(now)
        if learnt != now:
            log.info("page size learnt", tenant=tenant, list=what, rows=learnt.rows, ceiling=learnt.ceiling)
            await self._sizes.learn(tenant, what, learnt)
        return learnt

    async def contradicted(self, tenant: str, what: HaloList, pages: Pages) -> None:
        """Learn from a list that contradicts itself: where Halo cuts pages, it is asked for no more than it gives."""
        if 0 < pages.fullest < pages.size:
            await self._sizes.learn(tenant, what, after_failure(2 * pages.fullest, self.bounds))

    async def failed(self, tenant: str, what: HaloList, pages: Pages, failure: HaloFailure) -> bool:
        """Learn from a page that failed for what may be its size; return whether to ask for a smaller one at once.

        A size beyond that of the settings is an experiment, and must not cost the run an attempt.
        """
        asked = pages.size
        if not pages.resizable:
            return False
        if failure.status in _NOT_FOR_ITS_SIZE or not failure.sent or isinstance(failure, UnreadableRowError):
            return False
        if failure.failure is FailureClass.RATE_LIMITED:
            return False
        smaller = after_failure(asked, self.bounds)
        log.warning("page failed", tenant=tenant, list=what, rows=asked, words=failure.words, smaller=smaller.rows)
        if smaller.rows < asked:
            await self._sizes.learn(tenant, what, smaller)
        return asked > self.bounds.start
