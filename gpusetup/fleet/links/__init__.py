"""Links between hosts: what measures them, and the judgement of what was measured."""
