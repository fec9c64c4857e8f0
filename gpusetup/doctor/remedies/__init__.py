"""The remedies: tables by topic in the TOML files of this folder, and how one is chosen, filled and made a step."""
