"""What was done on purpose to the digits training, as its own log tells."""

import json
from pathlib import Path

LOG = Path(__file__).parents[1] / "examples" / "digits"
INCIDENTS = json.loads((LOG / "run.json").read_text(encoding="utf-8"))["hyperparameters"][
    "incidents"
]
SPIKE_ITERATION = INCIDENTS["learning_rate_spike"]["iteration"]
RESET_ITERATION = INCIDENTS["filter_reinitialised"]["iteration"]
RESET_PARAMETER = INCIDENTS["filter_reinitialised"]["parameter"]
RESET_FILTER = INCIDENTS["filter_reinitialised"]["filter"]
