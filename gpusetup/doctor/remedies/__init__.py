"""The remedies: one TOML table each in the files of this folder, by topic."""
