"""The operational picture: facts turned into arrays of states, changed one fact at a time, at any moment asked."""
