"""The changes of the ledger's schema, applied by `connector.ledger.upgrade` when a ledger is opened."""
