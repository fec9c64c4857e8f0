"""CTR: containers: toolkit, CDI, engines, what a container was given."""
