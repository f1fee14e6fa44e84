"""One verb per use case, given an open session, the actor and the time; it neither commits nor asks the clock."""
