"""Evidence for statements: studies, numerical checks, the ledger and the report, and the command line."""
