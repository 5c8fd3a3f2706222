"""When a list that is read client by client is complete (spec section 9, halo-api sections 1 and 2).

So is read a list that shows page 1 whatever page is asked for. What page 1 showed must come again then: an agent that
loses its rights between two clients sees empty lists (halo-api section 1). So the clients of which page 1 showed
licences are read last, and whatever is lost before is missed with them. Fewer rows than page 1 said are no
contradiction by themselves: Halo may count licences of clients that it does not list. They count as missing when the
read is compared with what is known (`guard.shrunk`).
"""

from halosync.domain.completeness import IncompleteReadError, Pages
from halosync.domain.listing import counted


def pages_of_client(before: Pages, *, most: int) -> Pages:
    """Return how to read one client's part of a list that ignores the number of the page: all of it at once.

    `before` is the list of all, or that of the client before. A page that is shorter than the fullest that was seen of
    the list is all there is.
    """
    counts_all = before.counts_all or (not before.widened and before.fullest < (before.record_count or 0))
    return Pages(size=most, fullest=before.fullest, widened=before.fullest, counts_all=counts_all)


def said_of_all(pages: Pages) -> int:
    """Return how many licences there are at least, by a list that is to be read client by client instead."""
    return max(pages.rows, pages.record_count or 0)


def client_read(client_id: int, *, awaits: bool) -> None:
    """Check the list of a client; `awaits`: it shows nothing, and the list of all showed licences of this client.

    Raises:
        IncompleteReadError: it does, so the agent may see less by now: what is missing would be created again.
    """
    if awaits:
        raise IncompleteReadError(f"Halo showed licences of client {client_id}, and then none when asked for them")


def all_clients_read(rows: int, said: int | None, *, awaited: int) -> None:
    """Check what the lists of all clients have together; `awaited`: rows of theirs that only the list of all showed.

    A row that has gone since is none of those that the list of all said there are.

    Raises:
        IncompleteReadError: rows are missing, and not only such as Halo counts and shows nowhere.
    """
    if said is not None and awaited and rows < said:
        raise IncompleteReadError(f"Halo said {counted(said, 'licence')} and showed {rows} when asked client by client")
