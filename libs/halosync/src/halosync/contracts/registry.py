"""Every message type, by name; the AsyncAPI description and the example tests are made from this list."""

from halosync.contracts.connection import (
    BeginConnection,
    CompleteConnection,
    ConnectionBegun,
    ConnectionCompleted,
    ConnectionEnded,
    ConnectionEstablished,
    ConnectionLost,
    ConnectionTested,
    EndConnection,
    RequestRefused,
    TestConnection,
    TokenGranted,
    TokenRequest,
)
from halosync.contracts.invoice import InvoiceAccepted, InvoiceReady, InvoiceRejected
from halosync.contracts.message import Message
from halosync.contracts.month import MonthClosed
from halosync.contracts.run import HaloRefreshRequested, LicenceActions, RunFinished, RunRequested
from halosync.contracts.webhook import SignWebhook, WebhookSigned

MESSAGES: dict[str, type[Message]] = {
    model.message_type: model
    for model in (
        InvoiceReady,
        InvoiceAccepted,
        InvoiceRejected,
        RunRequested,
        LicenceActions,
        RunFinished,
        HaloRefreshRequested,
        MonthClosed,
        ConnectionEstablished,
        ConnectionLost,
        BeginConnection,
        ConnectionBegun,
        CompleteConnection,
        ConnectionCompleted,
        EndConnection,
        ConnectionEnded,
        TokenRequest,
        TokenGranted,
        TestConnection,
        ConnectionTested,
        SignWebhook,
        WebhookSigned,
        RequestRefused,
    )
}
