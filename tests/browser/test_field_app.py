"""The field app on a phone that loses its link, page, login and hour: is every report there exactly once?"""

from __future__ import annotations

import random
import re
import uuid
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Route, expect

from tests.browser.mission import PASSWORD, email_of, point_on
from tests.browser.phones import (
    PLACE,
    SENT,
    Phone,
    among_faults,
    answer_about_me,
    drive,
    fill_hazard,
    form_of,
    go_to_review,
    keep_about_me,
    send,
    state,
)
from tests.browser.weak_link import DOWN, GOOD, LOSES_ANSWERS, PORTAL
from tests.deep import share_of


def test_a_report_made_without_a_link_outlives_a_reload_and_arrives_once(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    phone.context.set_offline(True)
    fill_hazard(page)
    send(page)
    expect(page.get_by_role("heading", name="It waits on this phone")).to_be_visible()
    page.reload()
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "waiting")).to_have_count(1)
    expect(page.locator(".outline")).to_contain_text("1 waiting")
    expect(page.locator(".statusbar")).to_contain_text("no link")
    phone.context.set_offline(False)
    expect(state(page, "accepted")).to_have_count(1)
    assert len(phone.new_since(before)) == 1


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_words(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    fill_hazard(page)
    phone.link.mode = LOSES_ANSWERS
    send(page)
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "waiting")).to_contain_text(re.compile(r"Tried \d+ times"))
    assert state(page, "accepted").count() == 0, "shown as received before the service said so"
    assert len(phone.new_since(before)) == 1, "the service has it, only the answer was lost"
    phone.link.mode = GOOD
    page.get_by_role("button", name="Try now").click()
    expect(state(page, "accepted")).to_have_count(1)
    assert len(phone.new_since(before)) == 1
    assert len(phone.link.bodies) >= 2
    assert len(set(phone.link.bodies)) == 1, "another body under the same number would be a conflict"


def test_a_photo_waits_with_its_report_and_arrives_in_parts_once(phone: Phone, tmp_path: Path) -> None:
    file = tmp_path / "road.jpg"
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(file, "JPEG", quality=95)
    page, before = phone.page, phone.ids()
    phone.context.set_offline(True)
    fill_hazard(page)
    page.locator(".photo-add input").set_input_files(file)
    photo = page.locator(".photo-list li")
    expect(photo).to_contain_text("waits for the report and a link")
    send(page)
    page.reload()
    expect(photo).to_contain_text("waits for the report and a link")
    phone.context.set_offline(False)
    expect(photo).to_contain_text("the JOC has it")
    (report_id,) = phone.new_since(before)
    report = phone.context.request.get(f"{phone.link.address}/api/v1/reports/{report_id}").json()
    (kept,) = report["evidence"]
    assert kept["state"] == "whole"
    assert kept["size"] > 256 * 1024, "sent in more than one part"
    assert kept["width"] == 1600


def test_a_draft_outlives_the_page_and_is_sent_once(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    page.get_by_role("button", name="Explosive item").click()
    page.get_by_role("button", name="Type a position").click()
    page.get_by_label("Position").fill(PLACE)
    page.get_by_role("button", name="Yes, this is the place").click()
    page.get_by_role("button", name="One item or a few").click()
    expect(page.get_by_role("heading", name="What it looks like")).to_be_visible()
    page = phone.kill()
    page.get_by_role("link", name=re.compile("Go on with your draft")).click()
    page.locator("[data-code='uxo']").click()
    page.get_by_role("button", name="Just now").click()
    page.get_by_role("button", name="Skip").click()
    expect(page.locator(".answer").first).to_contain_text(re.compile(r"36N .*5°00\.000'N", re.S))
    send(page)
    expect(page.get_by_role("heading", name="The JOC has it")).to_be_visible()
    assert len(phone.new_since(before)) == 1


@pytest.mark.deep
def test_a_portal_that_answers_for_the_service_is_not_believed(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    fill_hazard(page)
    phone.link.mode = PORTAL
    send(page)
    page.goto(phone.link.address + "/field#outbox")
    expect(page.locator(".outline")).to_contain_text("next try in")
    expect(state(page, "waiting")).to_have_count(1)
    assert state(page, "accepted").count() == 0
    phone.link.mode = GOOD
    page.get_by_role("button", name="Try now").click()
    expect(state(page, "accepted")).to_have_count(1)
    assert len(phone.new_since(before)) == 1


def test_without_a_login_reports_stay_and_go_after_signing_in_again(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    phone.context.clear_cookies()
    fill_hazard(page)
    send(page)
    expect(page.locator(".outline")).to_contain_text("Sign in to send")
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "waiting")).to_have_count(1)
    page = phone.sign_in()
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "accepted")).to_have_count(1)
    assert len(phone.new_since(before)) == 1


@pytest.mark.deep
def test_another_person_does_not_send_what_waits_for_the_first(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    phone.context.clear_cookies()
    fill_hazard(page)
    send(page)
    expect(page.locator(".outline")).to_contain_text("Sign in to send")
    page = phone.sign_in("eod")
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "waiting")).to_contain_text(email_of("patrol"))
    phone.sign_in("patrol")
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "accepted")).to_have_count(1)
    assert len(phone.new_since(before)) == 1


@pytest.mark.deep
def test_a_token_of_an_earlier_login_is_renewed_on_the_way(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    fill_hazard(page)
    login = phone.context.request.get(f"{phone.link.address}/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', login.text())
    assert token
    form = {"email": email_of("patrol"), "password": PASSWORD, "csrf_token": token[1]}
    phone.context.request.post(f"{phone.link.address}/login", form=form)
    send(page)
    expect(page.get_by_role("heading", name="The JOC has it")).to_be_visible()
    assert len(phone.new_since(before)) == 1


@pytest.mark.deep
@pytest.mark.parametrize("days", [-400, 3])
def test_a_clock_that_was_changed_holds_nothing_back(own_phone: Phone, days: int) -> None:
    phone = own_phone
    page, before = phone.page, phone.ids()
    fill_hazard(page)
    phone.link.mode = DOWN
    send(page)
    expect(page.locator(".outline")).to_contain_text("1 waiting")
    phone.context.add_init_script(f"const real = Date.now; Date.now = () => real() + {days} * 86400000;")
    phone.link.mode = GOOD
    page = phone.kill()
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "accepted")).to_have_count(1)
    assert len(phone.new_since(before)) == 1


def test_what_the_service_refuses_is_told_by_question_and_can_be_corrected(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    page.get_by_role("button", name="Travelled, no incident").click()
    page.get_by_role("button", name="From one place to another").click()
    ends = page.locator(".way-end")
    for index, place in enumerate(("5.045N 30.045E", "5.09N 30.05E")):
        ends.nth(index).get_by_role("button", name="Type a position").click()
        ends.nth(index).get_by_label("Position").fill(place)
    page.get_by_role("button", name="Yes, this is my way").click()
    answer_about_me(page)
    send(page)
    expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    expect(page.locator(".error").first).to_contain_text("within 2 km")
    assert phone.new_since(before) == []
    page.get_by_role("button", name="Correct it").click()
    page.get_by_role("button", name="Change: Which way did you travel?").click()
    page.get_by_role("button", name="From one place to another").click()
    for index, place in enumerate(("5.09N 30.01E", "5.09N 30.05E")):
        ends.nth(index).get_by_role("button", name="Type a position").click()
        ends.nth(index).get_by_label("Position").fill(place)
    page.get_by_role("button", name="Yes, this is my way").click()
    go_to_review(page)
    send(page)
    expect(page.get_by_role("heading", name="The JOC has it")).to_be_visible()
    assert len(phone.new_since(before)) == 1


def test_travelled_without_incident_takes_three_taps(own_phone: Phone) -> None:
    phone = own_phone
    page, before = phone.page, phone.ids()
    keep_about_me(page)
    start = point_on("a-b", 0)
    phone.context.set_geolocation({"longitude": start[0], "latitude": start[1], "accuracy": 6})
    # the drive takes seconds here: the phone's clock runs a hundred times as fast
    phone.context.add_init_script(
        "const start = Date.now(), real = Date.now; Date.now = () => start + (real() - start) * 100;"
    )
    page = phone.kill()
    page.get_by_role("button", name="Record my track").click()
    drive(phone, "a-b", steps=30)
    expect(page.locator(".tile.main")).to_contain_text(re.compile(r"Sends your track: (9|10)\.\d km since"))
    page = phone.kill()
    expect(page.locator(".tile.main")).to_contain_text("Sends your track")
    page.get_by_role("button", name="Travelled, no incident").tap()
    expect(page.locator(".readback")).to_have_count(2)
    page.get_by_role("button", name="Yes, this is my way").tap()
    page.get_by_role("button", name="Send", exact=True).tap()
    expect(page.get_by_role("heading", name="The JOC has it")).to_be_visible()
    [report] = [new for new in phone.new_since(before) if form_of(phone, new) == "passage"]  # others may send too
    told = phone.context.request.get(f"{phone.link.address}/api/v1/reports/{report}").json()
    [record] = told["records"]
    assert record["properties"]["track"] == "gps"
    assert record["properties"]["passed"] == "P3"
    assert max(len(body) for body in phone.link.bodies) <= 20_000


def test_a_track_with_a_gap_claims_only_what_was_recorded(phone: Phone) -> None:
    found = phone.page.evaluate(
        """async () => { const { parts } = await import('/static/field/track.js');
        const at = (km, minute) => [30 + km * 0.009, 5.09, minute * 60000 + 1.7e12];
        const near = [0, 1, 2, 3, 4].map((i) => at(i * 0.2, i * 0.3));
        const far = [0, 1, 2, 3].map((i) => at(6 + i * 0.2, 9 + i * 0.3));
        return parts([...near, ...far]).map((part) => [part.track.length, part.km]); }"""
    )
    assert [count for count, _ in found] == [2, 2], "straight parts need two points each"
    assert [km for _, km in found] == pytest.approx([0.8, 0.6], rel=0.02)


@pytest.mark.deep
def test_a_long_winding_track_still_fits_into_reports_of_twenty_kilobytes(phone: Phone) -> None:
    sizes = phone.page.evaluate(
        """async () => { const { parts } = await import('/static/field/track.js');
        const lat = (i) => 5 + Math.sin(i / 9) * 0.0006 + Math.sin(i * i) * 0.0001;
        const points = Array.from({length: 9000}, (_, i) => [30 + i * 0.0001, lat(i), 1.7e12 + i * 1000]);
        return parts(points).map((part) => JSON.stringify(part.track).length); }"""
    )
    assert sizes
    assert max(sizes) <= 12_000


def test_details_follow_as_a_version_of_the_same_report_even_before_it_left(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    phone.context.set_offline(True)
    fill_hazard(page)
    send(page)
    page.get_by_role("button", name="Add details").click()
    page.get_by_role("button", name="Skip").click()
    page.get_by_label("How to reach you").fill("call sign Heron 2")
    go_to_review(page)
    send(page)
    page.goto(phone.link.address + "/field#outbox")
    expect(state(page, "waiting")).to_have_count(2)
    phone.context.set_offline(False)
    expect(state(page, "accepted")).to_have_count(2)
    [report] = phone.new_since(before)
    assert phone.context.request.get(f"{phone.link.address}/api/v1/reports/{report}").json()["version"] == 2


@pytest.mark.deep
def test_details_of_a_report_that_was_changed_meanwhile_are_kept_and_can_follow(phone: Phone) -> None:
    page, before = phone.page, phone.ids()
    fill_hazard(page)
    send(page)
    expect(page.get_by_role("heading", name="The JOC has it")).to_be_visible()
    [report] = phone.new_since(before)
    phone.context.set_offline(True)
    page.get_by_role("button", name="Add details").click()
    page.get_by_role("button", name="Skip").click()
    page.get_by_label("How to reach you").fill("call sign Heron 2")
    go_to_review(page)
    send(page)
    amend(phone, report)
    phone.context.set_offline(False)
    expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    expect(page.locator(".sent")).to_contain_text("version 2")
    page.get_by_role("button", name="Send mine on top of it").click()
    expect(state(page, "accepted")).to_have_count(2)
    assert version_of(phone, report) == 3
    assert len(phone.new_since(before)) == 1


def version_of(phone: Phone, report: str) -> int:
    return int(phone.context.request.get(f"{phone.link.address}/api/v1/reports/{report}").json()["version"])


def amend(phone: Phone, report: str) -> None:
    """Write another version of a report from elsewhere."""
    answers = {"hazard": "item", "class": "mine", "place": SENT["placed"]}
    body = {"id": str(uuid.uuid4()), "base_version": 1, "form": "explosive", "answers": answers, "words": "seen again"}
    token = phone.context.request.get(f"{phone.link.address}/field/session").json()["csrf"]
    url = f"{phone.link.address}/api/v1/reports/{report}/versions"
    answer = phone.context.request.post(url, data=body, headers={"X-CSRFToken": token})
    assert answer.ok, answer.text()


def test_the_joc_asks_back_and_is_answered_from_the_outbox(phone: Phone) -> None:
    """The desk's endpoints are played by the test where they are not there yet."""
    page, posted = phone.page, []
    question = {"id": str(uuid.uuid4()), "report_id": str(uuid.uuid4()), "form": "restriction"}
    question |= {"text": "Which of two places?", "asked_at": "2026-03-10T09:47:00Z"}

    def answered(route: Route) -> None:
        posted.append(route.request.post_data_json)
        route.fulfill(json=question | posted[-1])

    mine = re.compile(r"/api/v1/questions\?mine=1")
    phone.context.route(mine, lambda route: route.fulfill(json={"questions": [question]}))
    phone.context.route("**/api/v1/questions/*/answer", answered)
    page.goto(phone.link.address + "/field#outbox")
    page.wait_for_load_state("networkidle")  # an answer to an earlier call would take the question away again
    page.evaluate(
        """async (asked) => { const { keep } = await import('/static/field/store.js');
        await keep('questions', [asked]); }""",
        question,
    )
    page.reload()
    page.get_by_role("link", name=re.compile("Which of two places")).click()
    page.get_by_label("Your answer").fill("The northern one.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="The JOC has it")).to_be_visible()
    assert posted == [{"answer": "The northern one."}]
    phone.context.unroute("**/api/v1/questions/*/answer")
    phone.context.unroute(mine)


def test_the_carried_picture_tells_its_age_in_large_letters_and_loses_its_colour(own_phone: Phone) -> None:
    phone = own_phone
    page = phone.page
    page.goto(phone.link.address + "/field#picture")
    expect(page.locator(".routes").first).to_contain_text("MSR HERON")
    phone.context.set_offline(True)
    phone.context.add_init_script("const real = Date.now; Date.now = () => real() + 134 * 60000;")
    page.reload()
    expect(page.locator(".agebar")).to_contain_text("Picture is 2 h 14 old")
    assert float(page.locator(".agebar b").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= 24
    expect(page.locator("canvas[data-drained='2']")).to_be_visible()
    expect(page.locator("[data-view]")).to_contain_text("After that, treat all roads as unknown.")
    phone.context.add_init_script("const later = Date.now; Date.now = () => later() + 11 * 3600000;")
    page.reload()
    expect(page.locator(".agebar")).to_contain_text("expired")
    shown = set(page.locator(".routes .state").evaluate_all("all => all.map((e) => e.dataset.state)"))
    assert not shown & {"O", "C"}, "an old picture calls no road passable"


def test_the_phone_warns_near_a_known_hazard_on_every_page(phone: Phone) -> None:
    page = phone.page
    lon, lat = point_on("c-f", 0.5)
    phone.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 6})
    page.get_by_role("button", name="Show where I am").click()
    expect(page.locator(".readback")).to_contain_text("You are here")
    expect(page.locator(".banner.near")).to_have_count(0)
    lon, lat = point_on("b-e", 0.45)
    phone.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 6})
    for tab in ("report", "outbox", "me"):
        page.goto(f"{phone.link.address}/field#{tab}")
        expect(page.locator(".banner.near[role=alert]")).to_contain_text("Known hazard within 4")


def test_a_place_is_read_back_in_two_forms_and_doubtful_ones_are_asked(phone: Phone) -> None:
    page = phone.page
    page.get_by_role("button", name="Attack or robbery").click()
    page.locator(".option").first.click()
    page.get_by_role("button", name="Type a position").click()
    position, yes = page.get_by_label("Position"), page.get_by_role("button", name="Yes, this is the place")
    position.fill("36N VL 345 67")
    refused = page.locator("p.error[role=alert]")  # a warning of a known hazard is an alert too
    expect(refused).to_contain_text("5 figures")
    expect(yes).to_be_disabled()
    position.fill("0, 0")
    expect(refused).to_contain_text("without a fix")
    position.fill("12.5N 41E")
    expect(page.locator(".readback")).to_contain_text(re.compile(r"37P .*12°30\.000'N 41°00\.000'E", re.S))
    expect(yes).to_be_disabled()
    page.get_by_text("outside the mission").click()
    expect(yes).to_be_enabled()
    position.fill("5.05000, 30.09000")
    expect(page.get_by_text("Read as latitude first")).to_be_visible()
    expect(yes).to_be_disabled()
    page.get_by_text("Read as latitude first").click()
    expect(yes).to_be_enabled()
    page.get_by_text("I read it from a paper map").click()
    expect(yes).to_be_disabled()
    page.get_by_role("button", name="Another, or I do not know").click()
    page.get_by_text("Read as latitude first").click()
    expect(page.locator(".readback")).to_contain_text("± 320 m")
    expect(yes).to_be_enabled()


def rounds(phone: Phone, count: int, seed: int) -> None:
    """Queue reports while the link, the page and the phone fail at random moments; each must arrive exactly once."""
    chance, before = random.Random(seed), phone.ids()

    def queue() -> str:
        return phone.page.evaluate(
            """async ([place, wait]) => {
            const { startDraft, saveDraft, queue } = await import('/static/field/outbox.js');
            const item = await startDraft('other', { place });
            item.words = 'round';
            await saveDraft(item);
            await queue(item);
            await new Promise((done) => setTimeout(done, wait)); return item.id; }""",
            [SENT["placed"], chance.randrange(0, 250)],
        )

    queued = among_faults(phone, count, chance, queue)
    assert sorted(phone.new_since(before)) == sorted(queued)
    assert all(len(phone.bodies_of(one)) <= 1 for one in queued)


def test_six_reports_among_faults_arrive_once_each(phone: Phone) -> None:
    rounds(phone, 6, seed=4)


@pytest.mark.deep
def test_two_hundred_reports_among_faults_arrive_once_each(phone: Phone) -> None:
    rounds(phone, share_of(200), seed=20)
