"""Every setting of every process, without `HALOSYNC_`: a process tells of a name that none of them has.

Each process is handed the settings of all, so none can know by its own fields what a typing error is. A test
compares the list with the fields of all processes and of the operator's command.
"""

NAMES = frozenset(
    {
        "ADMIN_AMQP_MANAGEMENT_URL",
        "ADMIN_AMQP_URL",
        "ADMIN_DATABASE_URL",
        "ALLOW_HTTP",
        "AMQP_URL",
        "AUTH_PASSWORD",
        "BATCHES_AT_ONCE",
        "BATCHES_PER_TENANT",
        "DATABASE_URL",
        "HALO_BATCH_SIZE",
        "HALO_BATCH_SIZE_MAX",
        "HALO_CUSTOM_HOSTS",
        "HALO_FOREIGN_MARKS",
        "HALO_PAGE_SIZE",
        "HALO_PAGE_SIZE_MAX",
        "HALO_RATE_REQUESTS",
        "HALO_RATE_WINDOW_S",
        "HALO_SETTLE_S",
        "HALO_SUFFIXES",
        "HALO_TIMEOUT_S",
        "HALO_URL_TEMPLATE",
        "HALO_WRITER_PASSWORD",
        "HEALTH_HOST",
        "HEALTH_PORT",
        "HTTP_CONNECTIONS",
        "HTTP_CONNECTIONS_PER_ADDRESS",
        "HTTP_HOST",
        "HTTP_PORT",
        "HTTP_PROXIES",
        "INVOICES_PASSWORD",
        "INVOICE_HOSTS",
        "LOG_LEVEL",
        "MAIL_FROM",
        "OAUTH_SCOPE",
        "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET",
        "OIDC_ISSUER",
        "OPERATOR_PASSWORD",
        "PLANNER_PASSWORD",
        "PUBLIC_URL",
        "REPORT_API_PASSWORD",
        "RETENTION_MONTHS",
        "RETRY_DELAYS_S",
        "RETRY_MAX_ATTEMPTS",
        "SMTP_URL",
        "TOKEN_KEYS",
        "TOKEN_REFRESH_INTERVAL_S",
        "USER_PREFIX",
        "WEBHOOK_ALLOW_PRIVATE",
    }
)

URL_PASSWORDS = {
    "ADMIN_AMQP_PASSWORD": "ADMIN_AMQP_URL",
    "ADMIN_DATABASE_PASSWORD": "ADMIN_DATABASE_URL",
    "AMQP_PASSWORD": "AMQP_URL",
    "DATABASE_PASSWORD": "DATABASE_URL",
    "SMTP_PASSWORD": "SMTP_URL",
}
"""Passwords that may be given beside the URL that they belong to, so that a secret store need know no URL."""
