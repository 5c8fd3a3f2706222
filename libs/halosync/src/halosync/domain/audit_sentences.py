"""The sentences of the audit log: what was done, for people. Who and when stand beside them."""

from collections.abc import Callable, Mapping
from typing import Any

from halosync.domain.acts import Act
from halosync.domain.date_words import month_words
from halosync.domain.listing import counted
from halosync.domain.roles import Role
from halosync.domain.settings_sentences import describe_changes

Detail = Mapping[str, Any]
"""The details of an entry, as `Act` names them."""

KINDS: Mapping[Act, str] = {
    Act.SIGNED_IN: "Signed in",
    Act.SIGNED_OUT: "Signed out",
    Act.ACTS_FOR: "Partner picked",
    Act.CONNECTION_BEGUN: "Halo connection begun",
    Act.CONNECTION_ESTABLISHED: "Halo connected",
    Act.CONNECTION_ENDED: "Halo disconnected",
    Act.CONNECTION_LOST: "Halo connection lost",
    Act.CUSTOMER_LINKED: "Customer link changed",
    Act.PRODUCT_LINKED: "Product link changed",
    Act.SETTINGS_CHANGED: "Settings changed",
    Act.KEY_CREATED: "API key created",
    Act.KEY_REVOKED: "API key revoked",
    Act.INVOICES_CHOSEN: "Invoices of a month chosen",
    Act.PERSON_ADDED: "Person added",
    Act.PERSON_CHANGED: "Role of a person changed",
    Act.PERSON_REMOVED: "Person removed",
    Act.RUN_STARTED: "Sync started",
    Act.PREVIEW_STARTED: "Preview started",
    Act.UNDO_STARTED: "Undo started",
    Act.UNDO_PREVIEW_STARTED: "Preview of an undo started",
    Act.ITEMS_APPROVED: "Held changes approved",
    Act.REMOVALS_APPROVED: "Removals approved",
    Act.REVIEW_APPROVED: "First review approved",
    Act.LICENCE_KEEP_CHANGED: "Licence kept or let go",
    Act.SHRUNK_READ_ACCEPTED: "Shorter list of Halo accepted",
    Act.PARTNER_PAUSED: "Partner paused",
    Act.PARTNER_RESUMED: "Partner resumed",
    Act.PARTNER_REMOVED: "Partner removed",
    Act.DETAILS_PURGED: "Old details purged",
    Act.RUN_CANCELLED: "Run cancelled",
    Act.MONTH_ACCEPTED: "Difference accepted",
    Act.MONTH_WITHDRAWN: "Acceptance withdrawn",
    Act.MONTH_CLOSED: "Month closed",
    Act.WEBHOOK_CREATED: "Webhook created",
    Act.WEBHOOK_DELETED: "Webhook deleted",
}
"""Each act in a few words, for choosing among them."""


def describe(act: str, subject: str, detail: Detail) -> str:
    """Return the sentence of an entry. An act that only a newer version knows is named by its code."""
    try:
        sentence = _SENTENCES[Act(act)]
    except ValueError:
        return f"{act}: {subject}."
    return sentence(subject, detail)


def _settings(_: str, detail: Detail) -> str:
    return f"Changed {describe_changes(detail['changes'])}."


def _customer(subject: str, detail: Detail) -> str:
    name, before, after = detail.get("customer_name"), detail["before"], detail["after"]
    customer = f'customer "{name}" ({subject})' if name else f"customer {subject}"
    done = []
    if before["halo_client_id"] != after["halo_client_id"]:
        was = _client(before)
        if after["halo_client_id"] is None:
            done.append(f"Removed the link of {customer} to {was}.")
        else:
            done.append(f"Linked {customer} to {_client(after)}{f'; it was {was}' if was else ''}.")
    if before["excluded"] != after["excluded"]:
        left_out = "Excluded {}: nothing of it is synchronised." if after["excluded"] else "Included {} again."
        done.append(left_out.format(customer))
    return " ".join(done)


def _client(link: Detail) -> str | None:
    number, name = link["halo_client_id"], link["client_name"]
    if number is None:
        return None
    return f'client "{name}" (#{number})' if name else f"client #{number}"


def _product(subject: str, detail: Detail) -> str:
    before, after = detail["before"], detail["after"]
    if after is None:
        return f'Removed the link of product {subject} to "{before}".'
    was = f'; it was "{before}"' if before else ""
    return f'Linked product {subject} to the licence name "{after}"{was}.'


def _key(what: str) -> Callable[[str, Detail], str]:
    def sentence(subject: str, detail: Detail) -> str:
        name = detail["name"]
        quoted = f'"{name}"' if name else short_id(subject)
        return f"{what} the API key {quoted}{_limited(detail.get('role'))}."

    return sentence


def _limited(role: str | None) -> str:
    # A key made before there were roles may do everything, as one with the highest role; neither needs a word.
    return f" with the role {role}" if role is not None and role != Role.ADMIN else ""


def _run(what: str) -> Callable[[str, Detail], str]:
    def sentence(subject: str, detail: Detail) -> str:
        retry = f", to do what run {short_id(detail['retry_of'])} left" if detail.get("retry_of") else ""
        invoice = f"invoice {detail['invoice_id']}, revision {detail['revision']}"
        return f"Started {what} {short_id(subject)} of {invoice}{retry}."

    return sentence


def short_id(number: str) -> str:
    """Return how pages call a run, or a key without a name: by the first part of its id."""
    return number.partition("-")[0]


def _invoices(month: str, detail: Detail) -> str:
    ids = ", ".join(detail["invoice_ids"])
    if detail["invoices"] == "together":
        return f"Said that the invoices of {month_words(month)} count together: {ids}."
    return f"Said that only the newest invoice of {month_words(month)} counts, of {ids}."


def _established(subject: str, detail: Detail) -> str:
    other = detail.get("replaces")
    forgotten = f' The links to the clients of the Halo "{other}" were forgotten.' if other else ""
    return f'Connected the Halo "{subject}".{forgotten}'


def _removals(subject: str, detail: Detail) -> str:
    return f"Approved up to {counted(detail['most'], 'removal')} for run {short_id(subject)}."


def _items(subject: str, detail: Detail) -> str:
    changes = counted(detail["count"], "held change")
    return f"Approved {changes} of run {short_id(detail['seen_in'])} for run {short_id(subject)}."


def _closed(month: str, detail: Detail) -> str:
    return f"Closed {month_words(month)}, with {counted(detail['accepted'], 'accepted exception')}."


def _review(subject: str, detail: Detail) -> str:
    return f"Approved up to {counted(detail['most'], 'change')} of the first review for run {short_id(subject)}."


def _keep(subject: str, detail: Detail) -> str:
    what = "Keeps" if detail["keep"] else "No longer keeps"
    return f'{what} the licence "{detail["name"]}" (#{subject}).'


def _how_many(detail: Detail) -> str:
    return f"{counted(detail['invoices'], 'invoice')} and {counted(detail['runs'], 'run')}"


_SENTENCES: Mapping[Act, Callable[[str, Detail], str]] = {
    Act.SIGNED_IN: lambda _, __: "Signed in to the portal.",
    Act.SIGNED_OUT: lambda _, __: "Signed out of the portal.",
    Act.ACTS_FOR: lambda _, __: "Opened the portal for this partner.",
    Act.CONNECTION_BEGUN: lambda tenant, _: f'Began to connect the Halo "{tenant}".',
    Act.CONNECTION_ESTABLISHED: _established,
    Act.CONNECTION_ENDED: lambda tenant, _: f'Disconnected the Halo "{tenant}".',
    Act.CONNECTION_LOST: lambda tenant, _: f'The Halo "{tenant}" ended the connection; it has to be connected again.',
    Act.CUSTOMER_LINKED: _customer,
    Act.PRODUCT_LINKED: _product,
    Act.SETTINGS_CHANGED: _settings,
    Act.KEY_CREATED: _key("Created"),
    Act.KEY_REVOKED: _key("Revoked"),
    Act.INVOICES_CHOSEN: _invoices,
    Act.PERSON_ADDED: lambda email, detail: f"Allowed {email} to sign in, with the role {detail['role']}.",
    Act.PERSON_CHANGED: lambda email, d: f"Changed the role of {email} from {d['before']} to {d['after']}.",
    Act.PERSON_REMOVED: lambda email, _: f"Removed {email}: this person cannot sign in any more.",
    Act.RUN_STARTED: _run("Sync"),
    Act.PREVIEW_STARTED: _run("preview"),
    Act.UNDO_STARTED: lambda run, d: f"Started run {short_id(run)}, which undoes run {short_id(d['undoes'])}.",
    Act.UNDO_PREVIEW_STARTED: lambda run, d: (
        f"Started preview {short_id(run)}: what undoing run {short_id(d['undoes'])} would do."
    ),
    Act.ITEMS_APPROVED: _items,
    Act.REMOVALS_APPROVED: _removals,
    Act.REVIEW_APPROVED: _review,
    Act.LICENCE_KEEP_CHANGED: _keep,
    Act.SHRUNK_READ_ACCEPTED: lambda run, _: f"Accepted for run {short_id(run)} that Halo shows fewer licences.",
    Act.PARTNER_PAUSED: lambda _partner, _: "Paused the partner: no run starts.",
    Act.PARTNER_RESUMED: lambda _partner, _: "Let the partner's runs start again.",
    Act.PARTNER_REMOVED: lambda _, detail: f'Removed the partner "{detail["name"]}" with {_how_many(detail)}.',
    Act.DETAILS_PURGED: lambda _, detail: (
        f"Purged the details of {_how_many(detail)}, older than {month_words(detail['before'])}."
    ),
    Act.RUN_CANCELLED: lambda run, _: f"Cancelled run {short_id(run)}.",
    Act.MONTH_ACCEPTED: lambda month, detail: (
        f'Accepted a difference of {month_words(month)} as it is. The note: "{detail["note"]}"'
    ),
    Act.MONTH_WITHDRAWN: lambda month, _: f"Took back the acceptance of a difference of {month_words(month)}.",
    Act.MONTH_CLOSED: _closed,
    Act.WEBHOOK_CREATED: lambda _, detail: f"Created the webhook {detail['url']}.",
    Act.WEBHOOK_DELETED: lambda _, detail: f"Deleted the webhook {detail['url']}.",
}
