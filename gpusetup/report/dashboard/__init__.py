"""The watched machine on a terminal: its GPUs, what is wrong, and what changed, kept up to date until `q`.

`rows` turns an examination into text (pure), `app` and `details` show it with Textual, which is an extra: the command
prints lines without it. The examinations come through a pipe from another process, so that a driver that hangs never
holds up a key.
"""
