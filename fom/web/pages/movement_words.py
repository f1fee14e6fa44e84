"""What the pages of movements call phases, outcomes, purposes and vehicles."""

from __future__ import annotations

PHASE_WORDS = {
    "planned": "Planned", "cleared": "Cleared", "under_way": "Under way", "due": "Due, overdue",
    "closed": "Closed today",
}  # fmt: skip
SEEN_WORDS = {"check_in": "by check-in", "track": "by the track of its unit"}
EMPTY_WORDS = {
    "planned": "No movement waits for a clearance.",
    "cleared": "No movement is cleared to leave in the next two days.",
    "under_way": "No movement is on the road.",
    "due": "No movement is overdue.",
    "closed": "No movement was closed since 0000Z.",
}
OUTCOME_WORDS = {
    "proceeded": "Travelled as planned", "proceeded_late": "Arrived late", "rerouted": "Arrived by another way",
    "turned_back": "Turned back", "aborted": "Broken off", "held": "Held",
    "cancelled_no_clearance": "Cancelled, no clearance", "cancelled_other": "Cancelled, other reason",
}  # fmt: skip
PURPOSE_WORDS = {
    "patrol": "Patrol", "convoy": "Convoy", "humanitarian": "Humanitarian delivery", "flight": "Flight",
}  # fmt: skip
VEHICLE_WORDS = {
    "foot": "On foot", "motorcycle": "Motorcycles", "light4x4": "Light 4×4", "truck_le_10t": "Trucks to 10 t",
    "truck_gt_10t": "Trucks over 10 t", "apc": "Armoured carriers", "low_loader": "Low loaders",
}  # fmt: skip
