"""The pages about speed: arithmetic, memory traffic, rooflines."""
