"""The user's own Python packages: read from files, resolved by uv or pip, and fitted to the stack.

The stack is chosen here, resolving packages is not: what the solver chose goes to a resolver as constraints, and what
the resolver refuses sends the choice back. It is the only room that starts a resolver.
"""
