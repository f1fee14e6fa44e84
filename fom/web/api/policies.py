"""The rules' parameters: editions with what each changed, drafts, what a draft would change, two signatures."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify
from pydantic import BaseModel, Field

from fom.services import policy_drafts, policy_history
from fom.services.policy_preview import Preview, describe_preview, preview_policy, seen_figures
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.shapes import Body, InstantText, ProfileName, Text, UserClass, Uuid
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns

api = family("policies", "The rules' parameters: editions, drafts, previews, publication by two persons")

READERS = ("manage_policy", "confirm_policy")
PAGE_MAX = 1000


class Change(Body):
    """Another value for one parameter, and why."""

    parameter: str = Field(max_length=160, description="As in the catalogue, such as `verification_h.high`")
    value: float | str
    reason: Text = Field("", description="Why; must be given where the value differs")


class NewDraft(Body):
    """Changes of the edition in force, or an earlier edition as a whole."""

    id: Uuid
    base: int = Field(ge=0, description="Number of the edition that the changes were made from; 409 when another holds")
    reason: Text
    changes: list[Change] = Field(default_factory=list, max_length=policy_drafts.CHANGES_MAX)
    copy_of: int | None = Field(None, ge=0, le=2**31, description="Return to this edition; then without `changes`")


class DraftPath(BaseModel):
    """Which draft."""

    draft_id: Uuid


class EditionPath(BaseModel):
    """Which edition; 0 = the defaults."""

    number: int = Field(ge=0, le=2**31)


class Looking(Body):
    """For which vehicle and whom the preview is looked at."""

    profile: ProfileName = "P3"
    user_class: UserClass = "mission_military"


class PreviewQuery(Looking):
    """Which page of the segments."""

    after: int = Field(0, ge=0, le=2**31, description="How many segments to pass over")
    limit: int = Field(100, ge=1, le=PAGE_MAX)


class Withdrawal(Body):
    """Why a draft falls."""

    reason: Text = Field(min_length=1)


class Difference(BaseModel):
    """A parameter whose value differs; null where there is no such parameter."""

    parameter: str
    before: float | str | None
    after: float | str | None
    unit: str
    reason: str


class Step(BaseModel):
    """Segments that would go from one state to another, each counted once."""

    old: str
    new: str
    segments: int
    km: float
    is_better: bool


class Sum(BaseModel):
    """How much road."""

    segments: int
    km: float


class Seen(BaseModel):
    """The figures of a preview: what a signature keeps."""

    at: InstantText
    version: int
    profile: str
    user_class: str
    better: Sum
    worse: Sum
    steps: list[Step]


class Signed(BaseModel):
    """What each of the two persons saw."""

    proposed: dict[str, Any] | None
    confirmed: dict[str, Any] | None


class EditionHead(BaseModel):
    """An edition and who signed it."""

    number: int
    holds_from: InstantText | None = Field(description="null = from the beginning")
    published_at: InstantText | None
    published_by: str | None
    proposed_by: str | None
    reason: str
    base: int | None
    seen: Signed | None


class ChangedEdition(EditionHead):
    """An edition with what it changed against the one before."""

    changes: list[Difference]


class Editions(BaseModel):
    """Every edition, newest first."""

    in_force: int
    policies: list[ChangedEdition]


class Parameter(BaseModel):
    """A parameter as the catalogue describes it, with its value."""

    parameter: str
    value: float | str
    unit: str
    default: float | str | None
    low: float | None
    high: float | None
    meaning: str
    source: str
    reason: str
    is_changed: bool


class Section(BaseModel):
    """Parameters of one section of the doctrine."""

    section: str
    title: str
    parameters: list[Parameter]


class WholeEdition(EditionHead):
    """An edition with every parameter."""

    in_force: bool
    sections: list[Section]


class Draft(BaseModel):
    """A draft with its changes against the edition it was made from."""

    id: str
    base: int
    reason: str
    changes: list[Difference]
    status: Literal["draft", "waiting", "published", "withdrawn"]
    made_by: str
    made_at: InstantText
    proposed_by: str | None
    proposed_at: InstantText | None
    seen: dict[str, Any] | None
    settled_by: str | None
    settled_at: InstantText | None
    number: int | None
    may_propose: bool
    may_confirm: bool


class Drafts(BaseModel):
    """The drafts that are not settled."""

    drafts: list[Draft]


class ChangedSegment(BaseModel):
    """A segment that would change; letters forward and backward."""

    segment_id: str
    number: int
    name: str | None
    ref: str | None
    highway: str
    length_m: float
    old: str
    new: str
    is_better: bool
    routes: list[str]
    position: list[float]


class ChangedRoute(BaseModel):
    """A key route whose worst state would differ."""

    id: str
    code: str
    name: str
    old: str
    new: str
    is_better: bool


class PreviewPage(Seen):
    """What would change: figures, key routes, one page of segments; improvements first."""

    network: str
    count: int
    routes: list[ChangedRoute]
    segments: list[ChangedSegment]
    next: int | None


class Published(BaseModel):
    """The new edition, and the change at whose number states move to it."""

    number: int
    change: int


@api.get("/policies", responses={"200": Editions})
@allows("read_picture")
def list_policies() -> Any:
    """List every edition of the parameters, newest first, with what each changed."""
    with reading() as session:
        found = policy_history.list_policies(session, actor=current_actor())
    return jsonify(in_force=found[0]["number"], policies=found)


@api.get("/policies/<int:number>", responses={"200": WholeEdition, **MISSING})
@allows("read_picture")
def get_policy(path: EditionPath) -> Any:
    """Return an edition with every parameter: value, unit, bounds, meaning, source, reason."""
    with reading() as session:
        return jsonify(policy_history.describe_policy(session, path.number, actor=current_actor()))


@api.get("/policies/drafts", responses={"200": Drafts})
@allows(*READERS)
def list_drafts() -> Any:
    """List the drafts that are not settled."""
    with reading() as session:
        return jsonify(drafts=policy_drafts.list_policy_drafts(session, actor=current_actor()))


@api.post("/policies/drafts", responses={"201": Draft, **MISSING, **CONFLICT, **BODY})
@allows("manage_policy")
def post_draft(body: NewDraft) -> Any:
    """Make a draft; 422 with everything that is wrong at once, 409 when another edition is in force by now."""
    changes = tuple(policy_drafts.ParameterChange(**change.model_dump()) for change in body.changes)
    request = policy_drafts.DraftRequest(**body.model_dump() | {"changes": changes})
    with writing() as (session, now):
        draft = policy_drafts.make_policy_draft(session, request, actor=current_actor(), now=now)
    return jsonify(draft), 201


@api.get("/policies/drafts/<draft_id>", responses={"200": Draft, **MISSING})
@allows(*READERS)
def get_draft(path: DraftPath) -> Any:
    """Return a draft."""
    with reading() as session:
        return jsonify(policy_drafts.get_policy_draft(session, path.draft_id, actor=current_actor()))


@api.get("/policies/drafts/<draft_id>/preview", responses={"200": PreviewPage, **MISSING})
@allows(*READERS)
@takes_turns
def get_preview(path: DraftPath, query: PreviewQuery) -> Any:
    """Return what the draft would change now, without touching anything; improvements first."""
    host = edge().host
    with reading() as session:
        preview = look(session, path.draft_id, query.profile, query.user_class)
        page = {"after": query.after, "limit": query.limit}
        return jsonify(describe_preview(session, host, preview, **page, actor=current_actor()))


CODES: dict[Any, Any] = {
    "200": {
        "description": "2n bytes, index = arc number: 8 × state now + state under the draft; 255 = stays",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    **MISSING,
}


@api.get("/policies/drafts/<draft_id>/preview/arcs", responses=CODES)
@allows(*READERS)
@takes_turns
def get_preview_arcs(path: DraftPath, query: Looking) -> Any:
    """Return for the map what every direction of travel would change from and to, one byte each."""
    host = edge().host
    with reading() as session:
        preview = look(session, path.draft_id, query.profile, query.user_class)
    answer = Response(preview.codes(), mimetype="application/octet-stream")
    answer.headers.update({"X-Fom-Network": host.network.network_id, "X-Fom-Version": preview.version})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@api.post("/policies/drafts/<draft_id>/propose", responses={"200": Draft, **MISSING, **CONFLICT, **BODY})
@allows("manage_policy")
@takes_turns
def propose(path: DraftPath, body: Looking) -> Any:
    """Sign a draft as the first person; the figures of the preview looked at are kept with the signature."""
    seen = figures(path.draft_id, body.profile, body.user_class)
    with writing() as (session, now):
        return jsonify(
            policy_drafts.propose_policy_draft(session, path.draft_id, seen=seen, actor=current_actor(), now=now)
        )


@api.post("/policies/drafts/<draft_id>/confirm", responses={"200": Published, **MISSING, **CONFLICT, **BODY})
@allows("confirm_policy")
@takes_turns
def confirm(path: DraftPath, body: Looking) -> Any:
    """Publish as the second person, never the one who proposed; what is known from now on is judged by it."""
    seen = figures(path.draft_id, body.profile, body.user_class)
    with writing() as (session, now):
        published = policy_drafts.confirm_policy_draft(
            session, path.draft_id, seen=seen, actor=current_actor(), now=now
        )
    return jsonify(published)


@api.post("/policies/drafts/<draft_id>/withdraw", responses={"204": None, **MISSING, **CONFLICT, **BODY})
@allows(*READERS)
def withdraw(path: DraftPath, body: Withdrawal) -> Any:
    """Let a draft fall."""
    with writing() as (session, now):
        policy_drafts.withdraw_policy_draft(session, path.draft_id, reason=body.reason, actor=current_actor(), now=now)
    return "", 204


def look(session: Any, draft_id: str, profile: str, user_class: str) -> Preview:
    """Return the preview that the asker looks at."""
    return preview_policy(session, edge().host, draft_id, profile=profile, user_class=user_class, actor=current_actor())


def figures(draft_id: str, profile: str, user_class: str) -> dict[str, Any]:
    """Return the figures that a signature keeps, worked out before the one writing transaction: it must stay short."""
    with reading() as session:
        return seen_figures(edge().host, look(session, draft_id, profile, user_class))
