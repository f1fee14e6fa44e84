"""The smallest history that still differs, found by leaving out records, members and segments one at a time."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.oracle.answer import Answer
from tests.oracle.checking import Disagreement, Service
from tests.oracle.compare import differences

FOLDER = Path(__file__).parent / "disagreements"
REFERENCES = ("target", "closes", "members", "crossed")
NEEDED = {
    "kind", "received", "hazard", "class", "damage", "control", "effect", "user_classes", "user_class", "type",
    "strength", "act", "closes", "authority", "signed_by", "target", "grade", "by", "relation", "members", "mode",
    "state", "role", "reason", "level", "season", "segments", "location", "asset", "segment_id", "highway",
}  # fmt: skip
"""Members that are not tried without: a record would be refused, or become another record."""

Case = dict[str, Any]


def shrunk(disagreement: Disagreement, assess: Service) -> tuple[Case, list[str]]:
    """Return the smallest case found and its differences; the whole batch when the history alone does not differ."""
    batch, history = disagreement.batch, disagreement.history
    network, facts = batch.documents([history])
    case: Case = {"network": network, "facts": facts, "question": batch.setting.question}
    lines = differ(case, assess)
    if not lines:
        network, facts = batch.documents()
        case, lines = {**case, "network": network, "facts": facts}, disagreement.lines
        return case, lines
    progress = True
    while progress:
        progress = False
        for smaller in candidates(case):
            found = differ(smaller, assess)
            if found:
                case, lines, progress = smaller, found, True
                break
    return case, lines


def differ(case: Case, assess: Service) -> list[str]:
    """Return the differences on a case; none when the oracle finds it too close to call or either refuses it."""
    try:
        answer = Answer(case["network"], case["facts"], **case["question"])
        if answer.close_calls:
            return []
        return differences(answer.document, assess(case["network"], case["facts"], **case["question"]))
    except Exception:
        return []


def candidates(case: Case) -> list[Case]:
    """Return every case that is one step smaller, largest steps first."""
    out: list[Case] = []
    facts = case["facts"]
    out.extend(without(case, f["id"]) for f in facts["features"])
    out.extend({**case, "facts": {n: v for n, v in facts.items() if n != name}} for name in ("policy", "profiles"))
    named = json.dumps(facts)
    for s in case["network"]["features"]:
        if f'"{s["properties"]["segment_id"]}"' not in named and len(case["network"]["features"]) > 1:
            rest = [o for o in case["network"]["features"] if o is not s]
            out.append({**case, "network": {**case["network"], "features": rest}})
    for part in ("facts", "network"):
        for i, feature in enumerate(case[part]["features"]):
            for name in set(feature["properties"]) - NEEDED:
                smaller = copy.deepcopy(case)
                del smaller[part]["features"][i]["properties"][name]
                out.append(smaller)
    return [c for c in out if c != case]


def without(case: Case, identity: str) -> Case:
    """Return a case without a record, and without what then refers to nothing."""
    gone, features = {identity}, copy.deepcopy(case["facts"]["features"])
    while True:
        kept = []
        for f in features:
            p = f["properties"]
            for name in REFERENCES:
                if isinstance(p.get(name), list):
                    p[name] = [i for i in p[name] if i not in gone]
            is_void = p.get("target") in gone or p.get("closes") == [] or len(p.get("members", "ok")) < 2
            if p.get("crossed") == []:
                del p["crossed"]
            if f["id"] in gone or is_void:
                gone.add(f["id"])
            else:
                kept.append(f)
        if len(kept) == len(features):
            return {**case, "facts": {**case["facts"], "features": kept}}
        features = kept


def save(disagreement: Disagreement, assess: Service) -> Path:
    """Write the shrunk case of a disagreement as a case file and return its path."""
    case, lines = shrunk(disagreement, assess)
    name = f"seed{disagreement.batch.seed}-{disagreement.history.prefix.rstrip('-')}"
    try:
        expect = expectation(Answer(case["network"], case["facts"], **case["question"]).document)
    except Exception:
        expect = {}
    document = {
        "id": name,
        "title": "; ".join(lines)[:2000],
        "note": "the oracle's answer is under expect; which side is right is not decided yet",
        "network": case["network"],
        "facts": case["facts"],
        "questions": [{**case["question"], "expect": expect}],
    }
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


def expectation(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as the `expect` of a case file."""
    segments = []
    for row in answer["segments"]:
        wanted = {name: value for name, value in row.items() if name != "reasons"}
        if wanted["next_change"]:
            wanted["next_change"] = {name: wanted["next_change"][name] for name in ("at", "state")}
        reasons = [{n: v for n, v in r.items() if n not in ("inner_m", "outer_m")} for r in row["reasons"]]
        segments.append({**wanted, "all_reasons": reasons})
    return {"segments": segments, **{name: answer[name] for name in ("routes", "unplaced", "refused")}}
