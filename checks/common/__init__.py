"""What every check can lean on: exact random draws, the recorder, and how each framework is prepared."""
