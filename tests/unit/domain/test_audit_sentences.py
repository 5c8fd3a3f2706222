"""Every act of the audit log has a sentence."""

from typing import Any

import pytest
from halosync.domain.acts import Act
from halosync.domain.audit_sentences import KINDS, describe
from halosync.domain.settings_sentences import describe_changes

RUN = "3f2a77c0-0000-4000-8000-000000000000"
OTHER = "5d1e88b1-0000-4000-8000-000000000000"
INVOICE = {"invoice_id": "INV-1", "revision": 2, "retry_of": None}


def link(halo_client_id: int | None = None, client_name: str | None = None, *, excluded: bool = False) -> Any:
    return {"halo_client_id": halo_client_id, "client_name": client_name, "excluded": excluded}


EXAMPLES: list[tuple[Act, str, dict[str, object], str]] = [
    (Act.SIGNED_IN, "k", {}, "Signed in to the portal."),
    (Act.SIGNED_OUT, "k", {}, "Signed out of the portal."),
    (Act.ACTS_FOR, "acme", {}, "Opened the portal for this partner."),
    (Act.CONNECTION_BEGUN, "acme", {"client_id": "c"}, 'Began to connect the Halo "acme".'),
    (Act.CONNECTION_ESTABLISHED, "acme", {"replaces": None}, 'Connected the Halo "acme".'),
    (
        Act.CONNECTION_ESTABLISHED,
        "beta",
        {"replaces": "acme"},
        'Connected the Halo "beta". The links to the clients of the Halo "acme" were forgotten.',
    ),
    (
        Act.INVOICES_CHOSEN,
        "2026-11",
        {"invoices": "together", "invoice_ids": ["INV-2", "INV-1"]},
        "Said that the invoices of November 2026 count together: INV-2, INV-1.",
    ),
    (
        Act.INVOICES_CHOSEN,
        "2026-11",
        {"invoices": "newest", "invoice_ids": ["INV-2", "INV-1"]},
        "Said that only the newest invoice of November 2026 counts, of INV-2, INV-1.",
    ),
    (Act.CONNECTION_ENDED, "acme", {}, 'Disconnected the Halo "acme".'),
    (Act.CONNECTION_LOST, "acme", {}, 'The Halo "acme" ended the connection; it has to be connected again.'),
    (
        Act.CUSTOMER_LINKED,
        "C-1",
        {"before": link(7, "Contoso"), "after": link()},
        'Removed the link of customer C-1 to client "Contoso" (#7).',
    ),
    (
        Act.CUSTOMER_LINKED,
        "C-1",
        {"customer_name": "Contoso", "before": link(excluded=True), "after": link(8)},
        'Linked customer "Contoso" (C-1) to client #8. Included customer "Contoso" (C-1) again.',
    ),
    (
        Act.CUSTOMER_LINKED,
        "C-1",
        {"before": link(7, "Contoso"), "after": link(7, "Contoso", excluded=True)},
        "Excluded customer C-1: nothing of it is synchronised.",
    ),
    (
        Act.PRODUCT_LINKED,
        "P",
        {"before": "Old", "after": "New"},
        'Linked product P to the licence name "New"; it was "Old".',
    ),
    (Act.PRODUCT_LINKED, "P", {"before": "Old", "after": None}, 'Removed the link of product P to "Old".'),
    (
        Act.SETTINGS_CHANGED,
        "acme",
        {"changes": {"removal": ["delete", "zero"], "auto_sync": [False, True]}},
        (
            "Changed automatic sync from off to on; what to do with a removed licence "
            'from "delete it" to "set its quantity to zero".'
        ),
    ),
    (Act.KEY_CREATED, "k", {"name": "portal"}, 'Created the API key "portal".'),
    (Act.KEY_CREATED, "k", {"name": "portal", "role": "admin"}, 'Created the API key "portal".'),
    (Act.KEY_CREATED, "k", {"name": "bi", "role": "viewer"}, 'Created the API key "bi" with the role viewer.'),
    (Act.PERSON_ADDED, "a@b.example", {"role": "viewer"}, "Allowed a@b.example to sign in, with the role viewer."),
    (
        Act.PERSON_CHANGED,
        "a@b.example",
        {"before": "viewer", "after": "admin"},
        "Changed the role of a@b.example from viewer to admin.",
    ),
    (Act.PERSON_REMOVED, "a@b.example", {}, "Removed a@b.example: this person cannot sign in any more."),
    (Act.KEY_REVOKED, "k", {"name": ""}, "Revoked the API key k."),
    (Act.RUN_STARTED, RUN, INVOICE, "Started Sync 3f2a77c0 of invoice INV-1, revision 2."),
    (
        Act.RUN_STARTED,
        RUN,
        {**INVOICE, "retry_of": "aaaa-1"},
        "Started Sync 3f2a77c0 of invoice INV-1, revision 2, to do what run aaaa left.",
    ),
    (Act.PREVIEW_STARTED, RUN, INVOICE, "Started preview 3f2a77c0 of invoice INV-1, revision 2."),
    (Act.UNDO_STARTED, RUN, {"undoes": OTHER}, "Started run 3f2a77c0, which undoes run 5d1e88b1."),
    (
        Act.UNDO_PREVIEW_STARTED,
        RUN,
        {"undoes": OTHER},
        "Started preview 3f2a77c0: what undoing run 5d1e88b1 would do.",
    ),
    (
        Act.ITEMS_APPROVED,
        RUN,
        {"seen_in": OTHER, "count": 1},
        "Approved 1 held change of run 5d1e88b1 for run 3f2a77c0.",
    ),
    (
        Act.ITEMS_APPROVED,
        RUN,
        {"seen_in": OTHER, "count": 2},
        "Approved 2 held changes of run 5d1e88b1 for run 3f2a77c0.",
    ),
    (Act.REMOVALS_APPROVED, RUN, {"most": 1}, "Approved up to 1 removal for run 3f2a77c0."),
    (Act.REVIEW_APPROVED, RUN, {"most": 1}, "Approved up to 1 change of the first review for run 3f2a77c0."),
    (Act.REVIEW_APPROVED, RUN, {"most": 2}, "Approved up to 2 changes of the first review for run 3f2a77c0."),
    (Act.LICENCE_KEEP_CHANGED, "5", {"name": "OLD", "keep": True}, 'Keeps the licence "OLD" (#5).'),
    (Act.LICENCE_KEEP_CHANGED, "5", {"name": "OLD", "keep": False}, 'No longer keeps the licence "OLD" (#5).'),
    (Act.SHRUNK_READ_ACCEPTED, RUN, {}, "Accepted for run 3f2a77c0 that Halo shows fewer licences."),
    (Act.RUN_CANCELLED, RUN, {}, "Cancelled run 3f2a77c0."),
    (Act.PARTNER_PAUSED, "acme-msp", {}, "Paused the partner: no run starts."),
    (Act.PARTNER_RESUMED, "acme-msp", {}, "Let the partner's runs start again."),
    (
        Act.PARTNER_REMOVED,
        "acme-msp",
        {"name": "Acme", "invoices": 1, "runs": 3},
        'Removed the partner "Acme" with 1 invoice and 3 runs.',
    ),
    (
        Act.DETAILS_PURGED,
        "acme-msp",
        {"before": "2024-11", "invoices": 2, "runs": 1},
        "Purged the details of 2 invoices and 1 run, older than November 2024.",
    ),
    (
        Act.MONTH_ACCEPTED,
        "2026-11",
        {"note": "By hand."},
        'Accepted a difference of November 2026 as it is. The note: "By hand."',
    ),
    (Act.MONTH_WITHDRAWN, "2026-11", {}, "Took back the acceptance of a difference of November 2026."),
    (Act.WEBHOOK_CREATED, "w", {"url": "https://a.example/"}, "Created the webhook https://a.example/."),
    (Act.WEBHOOK_DELETED, "w", {"url": "https://a.example/"}, "Deleted the webhook https://a.example/."),
    (Act.MONTH_CLOSED, "2026-11", {"accepted": 1}, "Closed November 2026, with 1 accepted exception."),
    (Act.MONTH_CLOSED, "2026-11", {"accepted": 0}, "Closed November 2026, with 0 accepted exceptions."),
]


@pytest.mark.parametrize(("act", "subject", "detail", "sentence"), EXAMPLES)
def test_an_act_has_its_sentence(act: Act, subject: str, detail: dict[str, object], sentence: str) -> None:
    assert describe(act, subject, detail) == sentence


def test_every_act_is_among_the_examples_and_has_a_kind() -> None:
    assert {act for act, *_ in EXAMPLES} == set(Act) == set(KINDS)


def test_an_act_of_a_newer_version_is_named_by_its_code() -> None:
    assert describe("moon.landed", "Eagle", {}) == "moon.landed: Eagle."


@pytest.mark.parametrize(
    ("setting", "old", "new", "words"),
    [
        ("invoice_day", 5, 7, "the invoice day from 5 to 7"),
        ("country", None, "AU", "the holiday country from none to Australia"),
        (
            "delete_guard",
            {"max_count": 10, "max_fraction": "0.250"},
            None,
            "the delete guard from more than 10 and more than 25 % to off",
        ),
        (
            "rate_limit",
            None,
            {"requests": 500, "window_s": 300.0},
            "the request limit from the services' default to 500 requests in 300 seconds",
        ),
        ("licence_type", None, 1, "the type of licence from any to 1"),
        (
            "billing_cycles",
            {},
            {"b": "c", "a": "d"},
            'the words for billing cycles from none to "a" is "d", "b" is "c"',
        ),
        ("new_setting", 1, None, "new_setting from 1 to none"),
    ],
)
def test_a_change_of_a_setting_is_said_in_words(setting: str, old: object, new: object, words: str) -> None:
    assert describe_changes({setting: [old, new]}) == words
