"""The writer put together from its ports: in the process, in the simulation and in tests alike."""

from halosync.runtime.read_access import ReadAccess

from halo_writer.array_sizing import ArraySizing
from halo_writer.batch_failures import BatchFailures
from halo_writer.batch_writer import BatchWriter
from halo_writer.client_lists import ClientLists
from halo_writer.environment import WriterRules
from halo_writer.ports import Ports
from halo_writer.sender import Sender
from halo_writer.write_lookup import WriteLookUp


def assemble(ports: Ports, rules: WriterRules) -> BatchWriter:
    """Return the writer's use case on these ports."""
    access = ReadAccess(ports.tokens, ports.limiter, ports.counter, ports.lists.total_timeout_s, ports.clock)
    return BatchWriter(
        actions=ports.actions,
        tokens=ports.tokens,
        sender=Sender(
            actions=ports.actions,
            limiter=ports.limiter,
            writes=ports.writes,
            counter=ports.counter,
            rules=rules,
            sizing=ArraySizing(ports.array_sizes, rules.array_sizes, ports.writes.total_timeout_s),
            clock=ports.clock,
        ),
        lookup=WriteLookUp(ports.actions, ClientLists(ports.actions, access, ports.lists, rules.page_sizes), rules),
        failures=BatchFailures(ports.actions, ports.limiter, rules),
        rules=rules,
        in_flight=ports.in_flight,
    )
