"""What the API answers of runs."""

MONTHLY, YEARLY = "Monthly", "Yearly"
