"""Road networks: what there is, the review of a new map with forms to sign, bringing it into use and taking it back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.errors import Conflict, InvalidInput, NotPermitted
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services import activating, network_review
from fom.services.placing_facts import read_place
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing

blueprint = Blueprint("networks", __name__)

SHOWN = 60
"""Items of one kind on the page; the API lists all."""
TITLES = {
    "fact": "Facts that would lie elsewhere",
    "key_route": "Key routes",
    "improvement": "Roads that would look better",
}
PROBLEMS = {
    "lost": "a road it lies on is gone; it keeps its old place",
    "asset_lost": "its bridge or other asset is not on the new map; it keeps the roads that carried it",
    "doubtful": "another road could as well be meant",
    "no_way": "the way that it closes is not a way any more",
    "farther": "it would weigh less on its road",
    "nearer": "it would weigh more on its road",
    "other_road": "it would also lie on another road",
}
FATES = {
    "matched": "Matched", "changed": "Changed", "split": "Split", "merged": "Merged", "recut": "Cut elsewhere",
    "partly_lost": "Partly lost", "lost": "Lost", "partly_new": "Partly new", "new": "New",
}  # fmt: skip


@blueprint.get("/networks")
@allows("see_networks")
def show_networks() -> Any:
    """List the networks of the data folder."""
    with reading() as session:
        told = activating.list_versions(session, edge().config.networks, actor=current_actor())
    return render_template("networks/list.html", told=told)


@blueprint.get("/networks/<network_id>")
@allows("see_networks")
def show_network(network_id: str) -> Any:
    """Show the review of a network that was announced, or that it is being made ready."""
    parts = edge()
    try:
        with reading() as session:
            review = activating.show_review(
                session, parts.hosts, parts.config.networks, network_id, actor=current_actor()
            )
            lines = activating.item_lines(session, parts.hosts, network_id)
    except Conflict as waits:
        return render_template("networks/waiting.html", network_id=network_id, why=str(waits))
    shown = {kind: [i for i in review["items"] if i["kind"] == kind] for kind in TITLES}
    for items in shown.values():
        items.sort(key=lambda item: bool(item["is_settled"]))
    listed = {item["item"] for items in shown.values() for item in items[:SHOWN] if item["says"]}
    network = parts.host.network
    settings = {
        "network": review["base_id"], "next": network_id, "bounds": network_bounds(network),
        "credit": network_credit(network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "lines": {item: line for item, line in lines.items() if item in listed},
    }  # fmt: skip
    return render_template(
        "networks/review.html", review=review, shown=shown, limit=SHOWN, titles=TITLES, problems=PROBLEMS, fates=FATES,
        settings=settings, open_count=sum(review["open"].values()),
    )  # fmt: skip


@blueprint.post("/networks/<network_id>/announce")
@allows("manage_networks")
def announce(network_id: str) -> Any:
    """Have every process make a network ready."""
    return _done(
        network_id,
        lambda session, now: activating.announce_network(
            session, edge().config.networks, network_id, actor=current_actor(), now=now
        ),
        "Announced. Every process makes it ready now.",
        needs_review=False,
    )


@blueprint.post("/networks/<network_id>/sign")
@allows("review_networks")
def sign(network_id: str) -> Any:
    """Sign for one item."""
    form = request.form

    def act(session: Any, now: int) -> Any:
        review = activating.current_review(session, edge().hosts, network_id)
        return network_review.sign_item(
            session, review, form.get("item", ""), choice=form.get("choice", "accept"),
            reason=form.get("reason", ""), place=_place(form.get("place", "").strip(), network_id),
            actor=current_actor(), now=now,
        )  # fmt: skip

    return _done(network_id, act, "Signed.")


def _place(text: str, network_id: str) -> dict[str, str] | None:
    """Return the road meant by a field that holds a segment of the new map or a position; None when it is empty."""
    if not text:
        return None
    network = edge().hosts.ready(network_id).network
    is_segment = network.find_segment(text) is not None
    return read_place(network, **{"segment" if is_segment else "position": text})


@blueprint.post("/networks/<network_id>/activate")
@allows("manage_networks")
def activate(network_id: str) -> Any:
    """Bring the network into use."""
    parts = edge()
    return _done(
        network_id,
        lambda session, now: activating.bring_into_use(
            session, parts.hosts, parts.config.networks, network_id, actor=current_actor(), now=now,
            emergency=request.form.get("emergency") or None,
        ),
        "In use. Open maps follow by themselves.",
        after="networks.show_networks",
    )  # fmt: skip


def _done(
    network_id: str, act: Any, words: str, *, after: str = "networks.show_network", needs_review: bool = True
) -> Any:
    """Run one act in a transaction of its own and go on, with what happened or why it was refused."""
    try:
        if needs_review:
            with reading() as session:
                activating.work_out_review(session, edge().hosts, network_id)
        with writing() as (session, now):
            act(session, now)
        flash(words, "done")
    except (Conflict, NotPermitted) as refused:
        flash(str(refused), "refused")
        after = "networks.show_network"
    except InvalidInput as refused:
        flash("; ".join(f"{e.field}: {e.came}, expected {e.expected}" for e in refused.errors), "refused")
        after = "networks.show_network"
    if after == "networks.show_networks":
        return redirect(url_for(after), code=303)
    return redirect(url_for(after, network_id=network_id), code=303)
