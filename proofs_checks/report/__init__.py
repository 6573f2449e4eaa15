"""The report of a run of checks: figures, tables, and one page that opens without a network."""
