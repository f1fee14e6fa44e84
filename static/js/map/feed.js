// The picture in the browser: two bytes per segment, kept up to date by the server's stream.
// Emits (as events on itself): `picture` {numbers: those that differ, or null = all}, `moves` {moves, at, cause}, `layer` name,
// `beat`, `refused`, and while another moment is shown `missed` (what `moves` would say) and `moment` (which one, null = live).
// Another road network in use: `goOver(network, segments)`, if set, is awaited before its states are taken.
// The stream is opened first and its events are held back until the states have come, so that nothing falls between.
import { differing, momentQuery, Then } from "./then.js";

const NO_DIRECTION = 255;
const LETTERS = "OC?RX";

export class Feed extends EventTarget {
  constructor(network) {
    super();
    this.network = network;
    this.states = new Uint8Array();
    this.version = -1;
    this.at = null;
    this.heard = null; // browser's clock when the server was last heard
    this.offset = 0; // server's clock minus the browser's, ms
    this.moment = null; // {at, knownAt} shown instead of now
    this.live = this.states; // states of now, also while another moment is shown
    this.then = new Then();
  }

  // The worse of both directions, 0 … 4; 2 (unknown) where nothing is known.
  stateOf(number) {
    const forward = this.states[2 * number], backward = this.states[2 * number + 1];
    if (forward === undefined) return 2;
    if (forward === NO_DIRECTION) return backward === NO_DIRECTION ? 2 : backward;
    return backward === NO_DIRECTION ? forward : Math.max(forward, backward);
  }

  // The moment shown: ages and ends on the page are told as of it.
  get now() {
    return this.moment?.at ?? this.clock;
  }

  get clock() {
    return Date.now() + this.offset;
  }

  // Show another moment, null = now. What it differs in is told by `picture`; a later call overtakes an earlier one.
  async show(moment) {
    const asked = (this.wanted = { moment });
    let states = this.live;
    if (moment) {
      const found = await this.then.read(this.asked, moment, this.version);
      if (asked !== this.wanted) return false;
      if (found.network !== this.network) return this.#emit("refused", { status: "network" });
      states = found.states;
    }
    const numbers = differing(this.states, states);
    this.moment = moment;
    this.question = momentQuery(this.asked, moment);
    this.states = states;
    this.#emit("moment", { moment });
    this.#emit("picture", { numbers });
    return true;
  }

  prefetch(moment) {
    this.then.read(this.asked, moment, this.version).catch(() => {});
  }

  async ask(profile, userClass) {
    this.asked = new URLSearchParams({ profile, user_class: userClass });
    this.question = momentQuery(this.asked, this.moment);
    this.source?.close();
    this.held = [];
    this.#listen();
    await this.refresh();
  }

  async refresh() {
    this.asked ??= this.question;
    const question = this.asked;
    const answer = await fetch(`/api/v1/states?${question}`, { headers: { Accept: "application/octet-stream" } });
    if (question !== this.asked) return;
    if (!answer.ok) return this.#emit("refused", { status: answer.status });
    const states = new Uint8Array(await answer.arrayBuffer());
    const network = answer.headers.get("X-Fom-Network"), version = Number(answer.headers.get("X-Fom-Version"));
    if (states.length === 0) return this.#emit("refused", { status: "empty" });
    if (network !== this.network) {
      // A process that has not gone over yet answers for the network before: ask again. Otherwise the map goes over.
      if (version < this.version) return setTimeout(() => question === this.asked && this.refresh().catch(() => {}), 700);
      if (!this.goOver) return this.#emit("refused", { status: "network" });
      await this.goOver(network, states.length / 2);
      if (question !== this.asked) return;
      this.network = network;
    }
    this.live = states;
    this.version = version;
    this.at = Date.parse(answer.headers.get("X-Fom-At"));
    this.#heard(this.at);
    if (!this.moment) {
      this.states = states;
      this.#emit("picture", { numbers: null });
    } else await this.show(this.moment);
    const held = this.held ?? [];
    this.held = null;
    for (const body of held) this.#move(body);
  }

  #listen() {
    const source = (this.source = new EventSource(`/api/v1/stream?${this.asked}`));
    let hasOpened = false;
    source.addEventListener("open", () => {
      if (hasOpened && this.held === null) this.#takeAll(); // after a break: whatever was missed
      hasOpened = true;
    });
    source.addEventListener("heartbeat", (event) => this.#heard(Date.parse(JSON.parse(event.data).at)));
    source.addEventListener("moves", (event) => {
      const body = JSON.parse(event.data);
      this.#heard(Date.parse(body.at));
      this.#move(body);
    });
    source.addEventListener("record", (event) => {
      this.heard = Date.now();
      this.#emit("layer", JSON.parse(event.data));
    });
    source.addEventListener("network", (event) => {
      const { version, network } = JSON.parse(event.data);
      this.heard = Date.now();
      if (network === this.network) return;
      this.version = Math.max(this.version, version - 1); // whatever is of before is not asked for any more
      this.held ??= [];
      this.refresh().catch(() => {});
    });
    source.addEventListener("end", () => {
      source.close();
      this.#emit("refused", { status: 401 });
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
      setTimeout(() => this.source === source && this.#listen(), 5000);
    });
  }

  // All states anew; what comes meanwhile waits, so that an older answer overwrites nothing.
  #takeAll() {
    const question = this.question;
    const again = () => setTimeout(() => question === this.question && this.held && this.#takeAll(), 5000);
    this.held ??= [];
    this.refresh().then(() => this.held && again(), again);
  }

  #move(body) {
    if (this.held) return this.held.push(body);
    if (body.version <= this.version) return;
    if (body.complete === false) return this.#takeAll(); // too many to name
    for (const [number, , , forward, backward] of body.moves) {
      this.live[2 * number] = LETTERS.indexOf(forward) < 0 ? NO_DIRECTION : LETTERS.indexOf(forward);
      this.live[2 * number + 1] = LETTERS.indexOf(backward) < 0 ? NO_DIRECTION : LETTERS.indexOf(backward);
    }
    this.version = body.version;
    this.at = Date.parse(body.at);
    this.#emit(this.moment ? "missed" : "moves", body);
  }

  #heard(at) {
    this.heard = Date.now();
    if (Number.isFinite(at)) this.offset = at - this.heard;
    this.#emit("beat", {});
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
