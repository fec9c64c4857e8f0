"""What a stack computed, as a lock keeps it: made from proofs, compared offline, and computed again.

A lock with a proof says which results belong to a stack. Stands above the self-test, whose proofs it keeps.
"""
