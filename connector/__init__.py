"""Moving it: CRMs, runs, the ledger, local sandboxes and the command line."""
