"""The locked protocol: the lock record, the seal, the ledger, the blind test."""
