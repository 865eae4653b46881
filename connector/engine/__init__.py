"""The run itself: pull, plan, apply, convert. Knows no vendor, network, database or terminal."""
